// SPDX-License-Identifier: MIT
#include "store/describe.hpp"

#include <catch2/catch.hpp>

#include "store/keys.hpp"
#include "store/records.hpp"
#include "unit/store/support.hpp"

using namespace greenroom;
using namespace greenroom::store;
using namespace greenroom::store::test;
using nlohmann::json;

namespace {

constexpr scope here{7, 2};

json described(family f, const key& k, const std::string& value) {
  auto shown = describe_record(f, k.view(), value);
  if (!shown) throw std::runtime_error(shown.error().message);
  CHECK(check_record(f, k.view(), value));
  CHECK((*shown)["kind"] == std::string(to_string(f)));
  CHECK(shard_of_key(f, k.view()) == 7);
  return *shown;
}

}  // namespace

TEST_CASE("records are shown with the names of their fields", "[store]") {
  const auto user = described(family::user, id_key(here, id_of(1)), encode(sample_user()));
  CHECK(user["shard"] == 7);
  CHECK(user["generation"] == 2);
  CHECK(user["id"] == id_of(1).str());
  CHECK(user["username"] == "alice");
  CHECK(user["role"] == "admin");
  CHECK(user["created_at"] == format_time(sample_user().created_at));
  CHECK(user["told_room"].is_null());

  const auto message =
      described(family::message, seq_key(here, id_of(3), 42), encode(sample_changed_message()));
  CHECK(message["room_id"] == id_of(3).str());
  CHECK(message["seq"] == 42);
  CHECK(message["content"] == "hello, @bob");
  CHECK(message["metadata"] == sample_message().metadata);
  CHECK(message["reactions"].size() == 2);
  CHECK(message["thread"] == id_of(8).str());
  CHECK(message["type"] == "text");

  const auto entry =
      described(family::room_log, seq_key(here, id_of(3), 42), encode(sample_entry()));
  CHECK(entry["entry_kind"] == "message");
  CHECK(entry["digest"].is_null());

  const auto room = described(family::room, id_key(here, id_of(3)), encode(sample_room()));
  CHECK(room["first_members"] == json{id_of(1).str(), id_of(4).str()});
  CHECK(room["restored"].is_null());
  CHECK(described(family::outbox, outbox_key(here, 11), encode(sample_outbox()))["line_state"] ==
        "invited");
  CHECK(described(family::outsider, pair_key(here, id_of(3), id_of(4)),
                  encode(sample_outsider()))["is"] == "banned");
  CHECK(described(family::dedup, pair_key(here, id_of(1), id_of(6)),
                  encode(sample_dedup()))["seq"] == 42);
  CHECK(described(family::reaction, pair_key(here, id_of(5), id_of(9)),
                  encode(sample_reaction()))["emoji"] == "+1");
  CHECK(described(family::webhook_dead, pair_key(here, id_of(6), id_of(7)),
                  encode(sample_dead()))["status"] == 503);
  CHECK(described(family::message_id, pair_key(here, id_of(3), id_of(5)), encode_seq(9))["seq"] ==
        9);
  CHECK(described(family::directory, directory_key(here, listed::user, 1000, id_of(1)),
                  "")["listed"] == "user");
}

TEST_CASE("secrets are not shown, and that there is none is", "[store]") {
  CHECK(described(family::user, id_key(here, id_of(1)), encode(sample_user()))["password_hash"] ==
        std::string(secret_shown));
  auto bot = sample_user();
  bot.password_hash.clear();
  CHECK(described(family::user, id_key(here, id_of(1)), encode(bot))["password_hash"] == "");
  const auto session =
      described(family::session, pair_key(here, id_of(1), id_of(2)), encode(sample_session()));
  CHECK(session["refresh_hash"] == std::string(secret_shown));
  CHECK(session["previous_refresh_hash"].is_null());
  auto hook = sample_webhook();
  hook.url = "https://me:pass@a.example:8443/hooks/T0KEN?key=1";
  const auto shown = described(family::webhook, pair_key(here, id_of(3), id_of(6)), encode(hook));
  CHECK(shown["secret"] == std::string(secret_shown));
  CHECK(shown["token_hash"] == std::string(secret_shown));
  CHECK(shown["url"] == "https://a.example:8443/" + std::string(secret_shown));
  // Commands hold passwords' hashes too.
  const log_entry entry{.index = 3,
                        .term = 2,
                        .type = 1,
                        .data = std::make_shared<const std::string>("something secret")};
  const auto head = encode_log_head(entry);
  const auto log = described(family::raft_log, log_key(7, 3),
                             std::string(head.data(), head.size()) + *entry.data);
  CHECK(log["bytes"] == entry.data->size());
  CHECK(log.dump().find("something") == std::string::npos);
}

TEST_CASE("what is no record is not described", "[store]") {
  CHECK_FALSE(describe_record(family::user, "short", encode(sample_user())));
  CHECK_FALSE(check_record(family::user, id_key(here, id_of(1)).view(), "nonsense"));
  CHECK_FALSE(check_record(family::directory, directory_key(here, listed::room, 1, id_of(1)).view(),
                           "a value"));
  CHECK_FALSE(check_record(family::raft_meta, "\x01\x02\x63", ""));
}

TEST_CASE("families are found by their names", "[store]") {
  for (std::size_t i = 0; i < family_count; ++i)
    CHECK(family_named(to_string(static_cast<family>(i))) == static_cast<family>(i));
  CHECK_FALSE(family_named("nonsense"));
  CHECK_FALSE(shard_of_key(family::meta, "schema"));
}
