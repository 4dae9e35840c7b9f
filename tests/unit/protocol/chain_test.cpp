// SPDX-License-Identifier: MIT
#include "protocol/chain.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

using namespace greenroom;
using namespace greenroom::protocol;

namespace {

uuid id_of(std::uint8_t n) {
  uuid id;
  id.bytes.fill(n);
  return id;
}

message sample() {
  message m;
  m.id = id_of(1);
  m.message_id = id_of(2);
  m.sender_id = id_of(3);
  m.content = "hello";
  m.metadata = {{"b", 1}, {"a", {1.5, nullptr, "x"}}};
  m.mentions = {id_of(4)};
  return m;
}

chained_entry entry() {
  return {.seq = 2,
          .time = 1'700'000'000'123,
          .by = id_of(3),
          .kind = 0,
          .message_seq = 2,
          .change = 0,
          .emoji = {},
          .event = 0,
          .user_id = {},
          .content = content_digest(sample())};
}

}  // namespace

TEST_CASE("the hash is SHA-256, as everybody else computes it") {
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_from_hex(to_hex(sha256("abc"))) == sha256("abc"));
  CHECK_FALSE(digest_from_hex("ba"));
  CHECK_FALSE(digest_from_hex(std::string(64, 'g')));
  const auto one = sha256("one");
  const auto two = sha256("two");
  std::string both(one.begin(), one.end());
  both.append(two.begin(), two.end());
  CHECK(chained(one, two) == sha256(both));
}

TEST_CASE("the bytes of an entry are those of the document") {
  chained_entry e;
  e.seq = 1;
  e.time = 2;
  e.emoji = "+1";
  std::string bytes("\x01", 1);
  bytes += std::string(7, '\0') + '\x01';   // seq
  bytes += std::string(7, '\0') + '\x02';   // time
  bytes += std::string(16, '\0') + '\0';    // by, kind
  bytes += std::string(8, '\0') + '\0';     // message_seq, change
  bytes += std::string("\0\0\0\x02+1", 6);  // emoji
  bytes += '\0' + std::string(16, '\0');    // event, user
  bytes += std::string(32, '\0');           // content
  CHECK(entry_digest(e) == sha256(bytes));
}

TEST_CASE("whatever a message says is in its digest, and nothing else") {
  const std::vector<std::function<void(message&)>> changes{
      [](message& m) { m.id = id_of(9); },
      [](message& m) { m.message_id = id_of(9); },
      [](message& m) { m.sender_id = id_of(9); },
      [](message& m) { m.type = message_type::system; },
      [](message& m) { m.content += '!'; },
      [](message& m) { m.metadata["a"] = 1; },
      [](message& m) { m.metadata = nullptr; },
      [](message& m) { m.reply_to = id_of(9); },
      [](message& m) { m.thread = id_of(9); },
      [](message& m) { m.mentions.push_back(id_of(5)); },
      [](message& m) { m.mentions.clear(); },
      [](message& m) { m.deleted_at = 1; },
  };
  const auto before = content_digest(sample());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO(i);
    auto m = sample();
    changes[i](m);
    CHECK(content_digest(m) != before);
  }
  auto m = sample();
  m.pinned = true;
  m.reactions.push_back({"+1", 1, {}});
  m.status = message_state::read;
  m.metadata = nlohmann::json::parse(m.metadata.dump());  // as it comes back from a file
  CHECK(content_digest(m) == before);
  auto none = sample();
  none.metadata = nullptr;
  auto empty = sample();
  empty.metadata = nlohmann::json::object();
  CHECK(content_digest(none) == content_digest(empty));
}

TEST_CASE("whatever an entry says is in its digest") {
  const std::vector<std::function<void(chained_entry&)>> changes{
      [](chained_entry& e) { ++e.seq; },
      [](chained_entry& e) { ++e.time; },
      [](chained_entry& e) { e.by = id_of(9); },
      [](chained_entry& e) { ++e.kind; },
      [](chained_entry& e) { ++e.message_seq; },
      [](chained_entry& e) { ++e.change; },
      [](chained_entry& e) { e.emoji = "+1"; },
      [](chained_entry& e) { ++e.event; },
      [](chained_entry& e) { e.user_id = id_of(9); },
      [](chained_entry& e) { e.content = {}; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO(i);
    auto e = entry();
    changes[i](e);
    CHECK(entry_digest(e) != entry_digest(entry()));
  }
}
