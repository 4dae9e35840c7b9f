// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

std::vector<uuid> mentioned(world& w, const std::string& content) {
  const auto seq = as<message_written>(w.send("anna", 1, content)).seq;
  return w.s.find_message(id(1), seq)->mentions;
}

std::vector<uuid> ids(const std::vector<std::string>& names) {
  std::vector<uuid> all;
  for (const auto& n : names)
    all.push_back(user_id_of(n));
  return all;
}

}  // namespace

TEST_CASE("members are mentioned by an @ before their name", "[chat][mentions]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob", "bob.b", "carl-"});
  CHECK(mentioned(w, "hello @bob") == ids({"bob"}));
  CHECK(mentioned(w, "@BOB, @carl-: see @bob") == ids({"bob", "carl-"}));
  CHECK(mentioned(w, "(@bob)") == ids({"bob"}));
}

TEST_CASE("punctuation after a name is not part of it, unless it is", "[chat][mentions]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob", "bob.b", "dot."});
  CHECK(mentioned(w, "ask @bob.") == ids({"bob"}));
  CHECK(mentioned(w, "ask @bob...") == ids({"bob"}));
  CHECK(mentioned(w, "ask @bob.b.") == ids({"bob.b"}));
  CHECK(mentioned(w, "ask @dot.") == ids({"dot."}));
}

TEST_CASE("strangers, addresses and lone signs are no mentions", "[chat][mentions]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  CHECK(mentioned(w, "@nobody").empty());
  CHECK(mentioned(w, "mail me at me@bob").empty());
  CHECK(mentioned(w, "@ bob @").empty());
  CHECK(mentioned(w, "@bobby").empty());
  CHECK(mentioned(w, "@" + std::string(5000, 'b')).empty());
  CHECK(mentioned(w, "@@bob") == ids({"bob"}));
}

TEST_CASE("mentions are bounded", "[chat][mentions]") {
  world w;
  std::vector<std::string> many;
  std::string text;
  for (int i = 0; i < 80; ++i) {
    many.push_back("user" + std::to_string(i));
    text += "@" + many.back() + " ";
  }
  w.given_room(1, "anna", room_type::group, many);
  CHECK(mentioned(w, text).size() == mentions_max);

  std::string noise;
  for (std::size_t i = 0; i < mention_lookups_max; ++i)
    noise += "@nobody ";
  CHECK(mentioned(w, noise + "@user1").empty());
}

}  // namespace greenroom::chat::test
