// SPDX-License-Identifier: MIT
#include "unit/actors/leader_world.hpp"

#include "security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

reply_body log_in(leader_world& w, const std::string& name, const std::string& password) {
  return w.ask(user_id_of(name), user_login{password, "", "phone", "127.0.0.1"},
               leader_world::by(user_id_of(name)));
}

reply_body refresh(leader_world& w, const uuid& user, const std::string& token,
                   std::optional<uuid> message_id = std::nullopt) {
  return w.ask(user, user_login{"", token, "phone", ""}, leader_world::by(user, message_id));
}

uuid session_of(const reply_body& opened) {
  return std::get<session_opened>(opened).response.session_id;
}

}  // namespace

TEST_CASE("a new account gets tokens that lead to it") {
  leader_world w(1);
  const auto opened = must<session_opened>(w.register_user("alice"));
  CHECK_FALSE(opened.duplicate);
  CHECK(opened.response.user.id == user_id_of("alice"));
  CHECK(opened.response.user.display_name == "alice");
  const auto& key = w.board().routes()->map->keys.front();
  const security::signing_key keys[] = {{key.id, key.secret}};
  const auto claims = security::verify_access_token(keys, opened.response.token, now_ms());
  REQUIRE(claims.has_value());
  CHECK(claims->user_id == user_id_of("alice"));
  CHECK(claims->session_id == opened.response.session_id);
  CHECK(claims->expires_at == opened.response.expires_at);
  const auto token = security::parse_refresh_token(opened.response.refresh_token);
  REQUIRE(token.has_value());
  CHECK(token->session_id == opened.response.session_id);
}

TEST_CASE("a registration that is repeated gets tokens for the same session, with the password") {
  leader_world w(1);
  const auto id = fresh_id();
  const auto first = must<session_opened>(w.register_user("alice", "correct horse", {}, id));
  CHECK(code_of(w.register_user("alice", "wrong horse", {}, id)) == ec::username_taken);
  const auto again = must<session_opened>(w.register_user("alice", "correct horse", {}, id));
  CHECK(again.duplicate);
  CHECK(again.response.session_id == first.response.session_id);
  // The new refresh token is the one that counts, and it works.
  CHECK(std::holds_alternative<session_opened>(
      refresh(w, user_id_of("alice"), again.response.refresh_token)));
}

TEST_CASE("two registrations of one name at once have one winner") {
  leader_world w(1);
  protocol::register_request r;
  r.username = "alice";
  r.password = "correct horse";
  const auto target = user_id_of("alice");
  const auto a = w.post(target, user_register{r, ""}, leader_world::by(target));
  const auto b = w.post(target, user_register{r, ""}, leader_world::by(target));
  CHECK(std::holds_alternative<session_opened>(w.wait(a)));
  CHECK(code_of(w.wait(b)) == ec::username_taken);
}

TEST_CASE("log-in by password tells nothing about names") {
  leader_world w;
  w.user("alice");
  CHECK(std::holds_alternative<session_opened>(log_in(w, "alice", "correct horse")));
  const auto wrong = must<error>(log_in(w, "alice", "incorrect horse"));
  const auto unknown = must<error>(log_in(w, "nobody", "correct horse"));
  CHECK(wrong.code == ec::invalid_credentials);
  CHECK(wrong == unknown);
}

TEST_CASE("a spent refresh token revokes its session") {
  leader_world w(1);
  const auto user = w.user("alice");
  const auto first = must<session_opened>(log_in(w, "alice", "correct horse"));
  const auto id = fresh_id();
  const auto second = must<session_opened>(refresh(w, user, first.response.refresh_token, id));
  CHECK(second.response.session_id == first.response.session_id);
  const auto repeat = must<session_opened>(refresh(w, user, first.response.refresh_token, id));
  CHECK(repeat.duplicate);

  auto notices = w.attach_session(user);
  must<user_attached>(w.ask(user, user_attach{first.response.session_id, w.board().self()}));
  CHECK(code_of(refresh(w, user, first.response.refresh_token)) == ec::unauthorized);
  const auto told = notices->take([](const user_notice_ptr&) { return true; });
  REQUIRE(told.has_value());
  CHECK((*told)->kind == user_notice::what::session_revoked);
  CHECK((*told)->session_id == first.response.session_id);
  CHECK(code_of(w.ask(user, user_check{first.response.session_id})) == ec::unauthorized);
  CHECK(code_of(refresh(w, user, "nonsense")) == ec::unauthorized);
}

TEST_CASE("a refresh token that was spent long ago revokes its session as well") {
  leader_world w(1);
  const auto user = w.user("alice");
  const auto first = must<session_opened>(log_in(w, "alice", "correct horse"));
  std::vector<std::string> spent;
  auto token = first.response.refresh_token;
  for (int i = 0; i < 4; ++i) {
    spent.push_back(token);
    token = must<session_opened>(refresh(w, user, token, fresh_id())).response.refresh_token;
  }
  // A place that nobody gave it does not make a token a spent one.
  const auto forged = security::make_refresh_token(user, session_of(first), "not the key", 1);
  CHECK(code_of(refresh(w, user, forged.text)) == ec::unauthorized);
  must<user_attached>(w.ask(user, user_check{session_of(first)}));

  CHECK(code_of(refresh(w, user, spent.front())) == ec::unauthorized);
  CHECK(code_of(w.ask(user, user_check{session_of(first)})) == ec::unauthorized);
  CHECK(code_of(refresh(w, user, token)) == ec::unauthorized);
}

TEST_CASE("what a repeated registration makes void is not taken for spent") {
  leader_world w(1);
  const auto id = fresh_id();
  const auto first = must<session_opened>(w.register_user("alice", "correct horse", {}, id));
  const auto again = must<session_opened>(w.register_user("alice", "correct horse", {}, id));
  const auto alice = user_id_of("alice");
  CHECK(code_of(refresh(w, alice, first.response.refresh_token)) == ec::unauthorized);
  must<session_opened>(refresh(w, alice, again.response.refresh_token));
}

TEST_CASE("attaching makes a user online until his last node is gone") {
  leader_world w;
  const auto opened = w.register_user("alice");
  const auto alice = user_id_of("alice");
  const auto get = [&](const uuid& asker) {
    return answer_in<protocol::user_response>(w.ask(alice, user_get{}, {asker, {}, 0})).user;
  };
  CHECK_FALSE(get(alice).is_online);
  CHECK(get(alice).email.has_value());
  CHECK_FALSE(get(user_id_of("bob")).email.has_value());
  const auto other = user_id_of("another node");
  must<user_attached>(w.ask(alice, user_attach{session_of(opened), w.board().self()}));
  must<user_attached>(w.ask(alice, user_attach{session_of(opened), other}));
  CHECK(get(alice).is_online);
  must<actors::done>(w.ask(alice, user_detach{w.board().self()}));
  CHECK(get(alice).is_online);
  must<actors::done>(w.ask(alice, user_detach{other}));
  CHECK_FALSE(get(alice).is_online);
  CHECK(code_of(w.ask(alice, user_attach{fresh_id(), other})) == ec::unauthorized);
  CHECK(code_of(w.ask(user_id_of("nobody"), user_get{})) == ec::user_not_found);
}

TEST_CASE("logging out ends one session or all") {
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto one = session_of(log_in(w, "alice", "correct horse"));
  const auto two = session_of(log_in(w, "alice", "correct horse"));
  const auto ended =
      must<logged_out>(w.ask(alice, user_logout{one, false}, leader_world::by(alice)));
  CHECK(ended.session_ids == std::vector{one});
  CHECK(code_of(w.ask(alice, user_check{one})) == ec::unauthorized);
  CHECK(std::holds_alternative<user_attached>(w.ask(alice, user_check{two})));
  const auto all = must<logged_out>(w.ask(alice, user_logout{{}, true}, leader_world::by(alice)));
  CHECK(all.session_ids.size() == 2);
  CHECK(code_of(w.ask(alice, user_check{two})) == ec::unauthorized);
}

TEST_CASE("an e-mail address belongs to one account, whatever its shard") {
  leader_world w;
  must<session_opened>(w.register_user("alice", "correct horse", "Alice@Example.org"));
  const auto taken = must<error>(w.register_user("bob", "correct horse", "alice@example.ORG"));
  CHECK(taken.code == ec::conflict);
  CHECK(taken.details.field == "email");
  must<session_opened>(w.register_user("bob", "correct horse", "bob@example.org"));
}

TEST_CASE("an operator issues tokens without a password") {
  leader_world w(1);
  const auto bot = user_id_of("bot1");
  CHECK(code_of(w.ask(bot, user_issue{"bot1", false})) == ec::user_not_found);
  const auto opened = must<session_opened>(w.ask(bot, user_issue{"bot1", true}));
  CHECK_FALSE(opened.response.token.empty());
  CHECK(opened.response.refresh_token.empty());
  CHECK(std::holds_alternative<user_attached>(w.ask(bot, user_check{opened.response.session_id})));
  const auto more = must<session_opened>(w.ask(bot, user_issue{"bot1", true}));
  CHECK(more.response.session_id != opened.response.session_id);
  CHECK(code_of(log_in(w, "bot1", "")) == ec::invalid_credentials);
}

TEST_CASE("a user actor that fails answers, and its successor knows the nodes") {
  leader_world w(1);
  const auto opened = w.register_user("alice");
  const auto alice = user_id_of("alice");
  auto notices = w.attach_session(alice);
  must<user_attached>(w.ask(alice, user_attach{session_of(opened), w.board().self()}));
  faults::arm(actor_kind::user);
  CHECK(code_of(w.ask(alice, user_get{})) == ec::internal);
  const auto back = w.ask_until_available(alice, user_get{});
  CHECK(answer_in<protocol::user_response>(back).user.is_online);
  must<actors::done>(w.ask(
      alice, user_line{{alice, room_id_of_alias("x"), chat::user_room::standing::joined, 3, {}}}));
  const auto told = notices->take([](const user_notice_ptr&) { return true; });
  REQUIRE(told.has_value());
  CHECK((*told)->kind == user_notice::what::room_joined);
  CHECK((*told)->entry_seq == 3);
}

TEST_CASE("accounts and sessions outlive the process") {
  leader_world w;
  const auto opened = w.register_user("alice");
  const auto alice = user_id_of("alice");
  w.restart();
  CHECK(std::holds_alternative<user_attached>(w.ask(alice, user_check{session_of(opened)})));
  CHECK(std::holds_alternative<session_opened>(log_in(w, "alice", "correct horse")));
  CHECK(std::holds_alternative<session_opened>(
      refresh(w, alice, std::get<session_opened>(opened).response.refresh_token)));
}
