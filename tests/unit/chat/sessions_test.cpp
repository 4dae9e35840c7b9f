// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// anna, with session 1 and refresh token 10.
world with_anna() {
  world w;
  w.run(w.registration("anna", 1, "", 10));
  return w;
}

const uuid anna = user_id_of("anna");

}  // namespace

TEST_CASE("a log-in adds a session", "[chat][sessions]") {
  auto w = with_anna();
  const auto granted = as<session_granted>(w.run(open_session{w.session_of("anna", 2, 20)}));
  CHECK(granted.granted.id == id(2));
  CHECK(granted.granted.last_used_at == w.now);
  CHECK(w.s.sessions_of(anna).size() == 2);
}

TEST_CASE("nobody logs in to an account that is not there or is deactivated", "[chat][sessions]") {
  auto w = with_anna();
  CHECK(refused(w.run(open_session{w.session_of("bob", 2, 20)})) == ec::invalid_credentials);
  auto account = *w.s.find_user(anna);
  account.deactivated = true;
  w.s.put_user(account);
  CHECK(refused(w.run(open_session{w.session_of("anna", 2, 20)})) == ec::invalid_credentials);
  CHECK(refused(w.run(w.rotation("anna", 1, 10, 11, 5))) == ec::unauthorized);
}

TEST_CASE("one session too many drops the one not used for the longest time", "[chat][sessions]") {
  auto w = with_anna();
  for (std::uint64_t i = 2; i <= sessions_per_user_max; ++i) {
    ++w.now;
    CHECK(w.run(open_session{w.session_of("anna", i, 20)}).revoked.empty());
  }
  ++w.now;
  w.run(touch_session{anna, id(1)});
  const auto o = w.run(open_session{w.session_of("anna", 1000, 20)});
  CHECK(o.revoked == std::vector<uuid>{id(2)});
  CHECK(w.s.sessions_of(anna).size() == sessions_per_user_max);
  CHECK(refused(w.run(touch_session{anna, id(2)})) == ec::unauthorized);
}

TEST_CASE("a log-in clears away sessions that are over", "[chat][sessions]") {
  auto w = with_anna();
  w.run(open_session{w.session_of("anna", 2, 20)});
  w.run(revoke_sessions{w.from("anna"), id(2)});
  w.now += 31 * 24 * hour;
  const auto o = w.run(open_session{w.session_of("anna", 3, 30)});
  CHECK(o.revoked.empty());
  CHECK(w.s.sessions_of(anna).size() == 1);
}

TEST_CASE("a refresh token is replaced by its successor", "[chat][sessions]") {
  auto w = with_anna();
  const auto o = w.run(w.rotation("anna", 1, 10, 11, 5));
  CHECK_FALSE(o.duplicate);
  CHECK(as<session_granted>(o).granted.refresh_hash == secret(11));
  as<session_granted>(w.run(w.rotation("anna", 1, 11, 12, 6)));
}

TEST_CASE("a repeated refresh gets new tokens for the same session", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.rotation("anna", 1, 10, 11, 5));
  const auto o = w.run(w.rotation("anna", 1, 10, 12, 5));
  CHECK(o.duplicate);
  CHECK(as<session_granted>(o).granted.id == id(1));
  CHECK(w.s.find_session(anna, id(1))->refresh_hash == secret(12));
  as<session_granted>(w.run(w.rotation("anna", 1, 12, 13, 6)));
}

TEST_CASE("another use of a spent refresh token revokes the session", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.rotation("anna", 1, 10, 11, 5));
  const auto message_id = GENERATE(6, 0);
  const auto o = w.run(w.rotation("anna", 1, 10, 12, message_id));
  CHECK(refused(o) == ec::unauthorized);
  CHECK(o.revoked == std::vector<uuid>{id(1)});
  CHECK(refused(w.run(w.rotation("anna", 1, 11, 13, 7))) == ec::unauthorized);
}

TEST_CASE("a refresh cannot be repeated once its successor was used", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.rotation("anna", 1, 10, 11, 5));
  w.run(w.rotation("anna", 1, 11, 12, 6));
  CHECK(refused(w.run(w.rotation("anna", 1, 10, 13, 5))) == ec::unauthorized);
  const auto o = w.run(w.rotation("anna", 1, 11, 13, 5));
  CHECK(refused(o) == ec::unauthorized);
  CHECK(o.revoked == std::vector<uuid>{id(1)});
}

TEST_CASE("after a repeated registration an earlier refresh is no repeat", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.rotation("anna", 1, 10, 11, 5));
  w.run(w.registration("anna", 1, "", 12));
  CHECK(w.run(w.rotation("anna", 1, 10, 13, 5)).revoked.size() == 1);
}

TEST_CASE("an unknown, foreign or expired refresh token is not valid", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.registration("bob", 2, "", 20));
  const auto before = w.s.hash(false);
  CHECK(refused(w.run(w.rotation("anna", 1, 99, 11, 5))) == ec::unauthorized);
  CHECK(refused(w.run(w.rotation("anna", 1, 0, 11, 5))) == ec::unauthorized);
  CHECK(refused(w.run(w.rotation("anna", 2, 20, 11, 5))) == ec::unauthorized);
  w.now += 30 * 24 * hour;
  auto late = w.rotation("anna", 1, 10, 11, 5);
  CHECK(refused(w.run(late)) == ec::unauthorized);
  CHECK(w.s.hash(false) == before);
}

TEST_CASE("using a session notes when", "[chat][sessions]") {
  auto w = with_anna();
  w.now += hour;
  as<done>(w.run(touch_session{anna, id(1)}));
  CHECK(w.s.find_session(anna, id(1))->last_used_at == w.now);
}

TEST_CASE("one session is revoked, or all", "[chat][sessions]") {
  auto w = with_anna();
  w.run(open_session{w.session_of("anna", 2, 20)});
  w.run(open_session{w.session_of("anna", 3, 30)});
  CHECK(as<sessions_revoked>(w.run(revoke_sessions{w.from("anna"), id(2)})).session_ids ==
        std::vector<uuid>{id(2)});
  CHECK(as<sessions_revoked>(w.run(revoke_sessions{w.from("anna"), id(2)})).session_ids.empty());
  const auto o = w.run(revoke_sessions{w.from("anna"), std::nullopt});
  CHECK(as<sessions_revoked>(o).session_ids == std::vector<uuid>{id(1), id(3)});
  CHECK(o.revoked == std::vector<uuid>{id(1), id(3)});
}

TEST_CASE("somebody else's session is not one's own to revoke", "[chat][sessions]") {
  auto w = with_anna();
  w.run(w.registration("bob", 2));
  const auto o = w.run(revoke_sessions{w.from("bob"), id(1)});
  CHECK(refused(o) == ec::invalid_message);
  CHECK(field_of(o) == "session_id");
  CHECK_FALSE(w.s.find_session(anna, id(1))->revoked);
}

TEST_CASE("a repeated logout is a duplicate and spares later sessions", "[chat][sessions]") {
  auto w = with_anna();
  w.run(revoke_sessions{w.from("anna", 50), std::nullopt});
  w.run(open_session{w.session_of("anna", 2, 20)});
  CHECK(w.run(revoke_sessions{w.from("anna", 50), std::nullopt}).duplicate);
  CHECK_FALSE(w.s.find_session(anna, id(2))->revoked);
  CHECK(refused(w.run(revoke_sessions{w.from("anna", 50, 9), id(2)})) == ec::conflict);
}

}  // namespace greenroom::chat::test
