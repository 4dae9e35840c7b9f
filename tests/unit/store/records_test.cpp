// SPDX-License-Identifier: MIT

// golden.txt freezes the format: what it holds was written by earlier versions and must be read for
// ever. With GREENROOM_WRITE_GOLDEN=1 the test writes the file instead; only lines may be added.

#include "store/records.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "store/commands.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char c : bytes) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

chat::room_entry sample_membership() {
  chat::room_entry v;
  v.seq = 7;
  v.time = 1'700'000'000'123;
  v.by = id_of(1);
  v.kind = chat::room_entry::what::membership;
  v.event = chat::room_event_kind::joined;
  v.user_id = id_of(4);
  return v;
}

chat::room limited_room() {
  auto v = sample_room();
  v.retention = {30, {}};
  v.deleted = true;
  v.swept_seq = 200;
  return v;
}

chat::room purged_room() {
  auto v = sample_room();
  v.purged_seq = 200;
  v.chain_from = 1;
  v.message_count = 77;
  v.chain.fill(0xcd);
  v.anchor.fill(0xef);
  return v;
}

chat::room_entry chained_entry() {
  auto v = sample_entry();
  v.digest.fill(0xcd);
  v.content.fill(0xef);
  return v;
}

chat::command sample_purge() {
  return {1'700'000'000'123, chat::purge_room{id_of(3), 500}};
}

chat::command sample_command() {
  chat::send_message send;
  send.from = {id_of(1), id_of(6), 99};
  send.id = id_of(5);
  send.what.room_id = id_of(3);
  send.what.content = "hi";
  return {1'700'000'000'123, send};
}

chat::command sample_device_command() {
  auto c = sample_command();
  auto& send = std::get<chat::send_message>(c.data);
  send.what.device_seq = 7;
  send.device_id = "phone";
  return c;
}

chat::origin by_admin() {
  chat::origin from{id_of(1), id_of(6), 99};
  from.role = chat::user_role::admin;
  return from;
}

chat::command sample_restore() {
  chat::restore_room restore{by_admin(), id_of(3), id_of(4), sample_room(), {}, true,
                             9,          {},       {},       true};
  chat::restored_entry said{{}, 7, sample_message()};
  said.entry.seq = 5;
  said.entry.message_seq = 5;
  restore.entries = {said, {{}, 0, std::nullopt}};
  restore.chain.fill(3);
  restore.members = {{sample_member()}};
  return {1'700'000'000'123, restore};
}

chat::command sample_restore_to() {
  auto c = sample_restore();
  auto& restore = std::get<chat::restore_room>(c.data);
  restore.to = 5;
  restore.lost = {2, 3};
  return c;
}

chat::room room_restored_to() {
  auto v = purged_room();
  v.restored = {.is = chat::restoration::what::done,
                .from = id_of(4),
                .by = id_of(1),
                .at = 1'700'000'000'123,
                .unproven = 0,
                .told = {},
                .to = 7};
  return v;
}

chat::room room_of_everybody() {
  auto v = purged_room();
  v.everybody = true;
  return v;
}

chat::command sample_announce() {
  return {1'700'000'000'123,
          chat::announce{by_admin(), id_of(5), id_of(3), "hear", true, {}, true}};
}

chat::command sample_abandon() {
  return {1'700'000'000'123, chat::abandon_restore{by_admin(), id_of(3)}};
}

chat::dedup sample_change_dedup() {
  auto d = sample_dedup();
  d.object_time = 1'600'000'000'123;
  return d;
}

std::string whole_log_entry() {
  log_entry e{9, 258, 1, std::make_shared<const std::string>("data")};
  const auto head = encode_log_head(e);
  return std::string(head.data(), head.size()) + *e.data;
}

/// A record, and what decoding and encoding again makes of it.
struct sample {
  std::string bytes;
  std::function<expected<std::string>(std::string_view)> again;
};

template <class Decode>
sample sample_of(std::string bytes, Decode decode) {
  return {std::move(bytes), [decode](std::string_view b) -> expected<std::string> {
            auto v = decode(b);
            if (!v) return tl::unexpected(v.error());
            return encode(*v);
          }};
}

std::map<std::string, sample> samples() {
  using view = std::string_view;
  std::map<std::string, sample> all;
  all["user"] = sample_of(encode(sample_user()), [](view b) { return decode_user(id_of(1), b); });
  all["session"] = sample_of(encode(sample_session()),
                             [](view b) { return decode_session(id_of(1), id_of(2), b); });
  all["user_room"] =
      sample_of(encode(chat::user_room{id_of(1), id_of(3), chat::user_room::standing::left, 5, {}}),
                [](view b) { return decode_user_room(id_of(1), id_of(3), b); });
  all["email"] =
      sample_of(encode(chat::email_reservation{id_of(8), id_of(1), 1'700'000'000'123, true}),
                [](view b) { return decode_email(id_of(8), b); });
  all["room"] = sample_of(encode(sample_room()), [](view b) { return decode_room(id_of(3), b); });
  all["member"] =
      sample_of(encode(sample_member()), [](view b) { return decode_member(id_of(4), b); });
  all["outsider"] =
      sample_of(encode(sample_outsider()), [](view b) { return decode_outsider(id_of(4), b); });
  all["room.limited"] =
      sample_of(encode(limited_room()), [](view b) { return decode_room(id_of(3), b); });
  all["room.purged"] =
      sample_of(encode(purged_room()), [](view b) { return decode_room(id_of(3), b); });
  all["room_log.chained"] =
      sample_of(encode(chained_entry()), [](view b) { return decode_entry(42, b); });
  all["command.purge_room"] = sample_of(encode(sample_purge()), decode_command);
  all["message"] =
      sample_of(encode(sample_message()), [](view b) { return decode_message(id_of(3), 42, b); });
  all["message.changed"] = sample_of(encode(sample_changed_message()),
                                     [](view b) { return decode_message(id_of(3), 42, b); });
  all["reaction"] =
      sample_of(encode(sample_reaction()), [](view b) { return decode_reaction(id_of(5), b); });
  all["device"] = sample_of(encode(sample_device()),
                            [](view b) { return decode_device(id_of(3), id_of(9), b); });
  all["webhook"] = sample_of(encode(sample_webhook()),
                             [](view b) { return decode_webhook(id_of(3), id_of(6), b); });
  all["webhook_dead"] =
      sample_of(encode(sample_dead()), [](view b) { return decode_dead(id_of(6), id_of(7), b); });
  all["dedup.change"] = sample_of(encode(sample_change_dedup()),
                                  [](view b) { return decode_dedup(id_of(1), id_of(6), b); });
  all["command.send_message.device"] = sample_of(encode(sample_device_command()), decode_command);
  all["room_log.message"] =
      sample_of(encode(sample_entry()), [](view b) { return decode_entry(42, b); });
  all["room_log.membership"] =
      sample_of(encode(sample_membership()), [](view b) { return decode_entry(7, b); });
  all["dedup"] =
      sample_of(encode(sample_dedup()), [](view b) { return decode_dedup(id_of(1), id_of(6), b); });
  all["outbox"] = sample_of(encode(sample_outbox()), [](view b) { return decode_outbox(11, b); });
  all["hard_state"] = sample_of(encode(hard_state{3, 77}), decode_hard_state);
  all["log_mark"] = sample_of(encode(log_mark{201, 300, 2, 150, std::string("\x01\x00\xff", 3)}),
                              decode_log_mark);
  all["progress"] = sample_of(encode(progress{300, 1'700'000'000'123, 11}), decode_progress);
  all["command.send_message"] = sample_of(encode(sample_command()), decode_command);
  all["command.restore_room"] = sample_of(encode(sample_restore()), decode_command);
  all["command.restore_room.to"] = sample_of(encode(sample_restore_to()), decode_command);
  all["room.restored"] =
      sample_of(encode(room_restored_to()), [](view b) { return decode_room(id_of(3), b); });
  all["room.everybody"] =
      sample_of(encode(room_of_everybody()), [](view b) { return decode_room(id_of(3), b); });
  all["command.announce"] = sample_of(encode(sample_announce()), decode_command);
  all["command.abandon_restore"] = sample_of(encode(sample_abandon()), decode_command);
  all["command.sweep_user"] = sample_of(
      encode(chat::command{1'700'000'000'123, chat::sweep_user{id_of(1)}}), decode_command);
  all["command.close_person"] = sample_of(
      encode(chat::command{1'700'000'000'123, chat::close_person{id_of(3), id_of(1), true}}),
      decode_command);
  all["message_id"] = {encode_seq(300), [](view b) { return decode_seq(b).map(encode_seq); }};
  all["generation"] = {encode_generation(2),
                       [](view b) { return decode_generation(b).map(encode_generation); }};
  all["raft_log"] = {whole_log_entry(), [](view b) -> expected<std::string> {
                       auto e = decode_log_entry(9, b);
                       if (!e) return tl::unexpected(e.error());
                       const auto head = encode_log_head(*e);
                       return std::string(head.data(), head.size()) + *e->data;
                     }};
  return all;
}

TEST_CASE("records have the bytes they always had") {
  const std::string path = GREENROOM_SOURCE_DIR "/tests/unit/store/golden.txt";
  if (std::getenv("GREENROOM_WRITE_GOLDEN") != nullptr) {
    std::ofstream file(path);
    for (const auto& [name, s] : samples())
      file << name << ' ' << hex(s.bytes) << '\n';
  }
  std::map<std::string, std::string> golden;
  std::ifstream file(path);
  for (std::string name, bytes; file >> name >> bytes;)
    golden[name] = bytes;
  const auto all = samples();
  CHECK(golden.size() == all.size());
  for (const auto& [name, s] : all) {
    INFO(name);
    CHECK(golden[name] == hex(s.bytes));
  }
}

TEST_CASE("what is decoded encodes to the same bytes") {
  for (const auto& [name, s] : samples()) {
    INFO(name);
    const auto again = s.again(s.bytes);
    REQUIRE(again.has_value());
    CHECK(hex(*again) == hex(s.bytes));
  }
}

TEST_CASE("decoding adds what the key says") {
  const auto m = decode_message(id_of(3), 42, encode(sample_message()));
  REQUIRE(m.has_value());
  CHECK(m->room_id == id_of(3));
  CHECK(m->seq == 42);
  CHECK(m->content == "hello, @bob");
  CHECK(m->metadata == sample_message().metadata);
  CHECK(m->reply_to == std::optional(id_of(7)));
  CHECK_FALSE(m->thread.has_value());
}

TEST_CASE("a glance at a message sees what counting needs") {
  const auto look = [](const chat::message& m, std::uint8_t user) {
    const auto seen = glance_at_message(id_of(3), id_of(user), encode(m));
    REQUIRE(seen.has_value());
    return *seen;
  };
  auto m = sample_message();
  CHECK(look(m, 4).sender_id == id_of(1));
  CHECK(look(m, 4).mentions);
  CHECK_FALSE(look(m, 1).mentions);
  CHECK_FALSE(look(m, 4).is_deleted);
  CHECK(look(sample_changed_message(), 4).is_deleted);
  m.mentions = {id_of(3)};  // the room: everybody
  CHECK(look(m, 1).mentions);
  m.mentions.clear();
  CHECK_FALSE(look(m, 4).mentions);
  CHECK_FALSE(glance_at_message(id_of(3), id_of(4), "\x02\x90").has_value());
}

TEST_CASE("metadata survives as it was") {
  for (const auto* json :
       {"null", "{}", R"({"n":-1,"u":18446744073709551615,"f":0.1,"s":"ä\u0000b","l":[[],{}]})"}) {
    auto m = sample_message();
    m.metadata = nlohmann::json::parse(json);
    const auto again = decode_message(m.room_id, m.seq, encode(m));
    REQUIRE(again.has_value());
    CHECK(again->metadata.dump() == m.metadata.dump());
  }
}

TEST_CASE("a shorter array leaves the defaults") {
  const auto v = decode_user(id_of(1), std::string("\x01\x91\xa1x", 4));
  REQUIRE(v.has_value());
  CHECK(v->username == "x");
  CHECK(v->display_name.empty());
  CHECK_FALSE(v->deactivated);
  const auto m = decode_member(id_of(1), std::string("\x01\x90", 2));
  REQUIRE(m.has_value());
  CHECK(m->role == chat::member_role::member);
}

TEST_CASE("fields of a newer version are ignored") {
  // hard_state {1, 2} with a third field
  const auto v = decode_hard_state(std::string("\x01\x93\x01\x02\xa3new", 8));
  REQUIRE(v.has_value());
  CHECK(*v == hard_state{1, 2});
}

TEST_CASE("a truncated record is damage that names the record") {
  for (const auto& [name, s] : samples()) {
    INFO(name);
    // The content of a log entry is opaque; only its head can be short.
    const auto most = name == "raft_log" ? log_head_bytes : s.bytes.size();
    for (std::size_t size = 0; size < most; ++size) {
      const auto r = s.again(std::string_view(s.bytes).substr(0, size));
      REQUIRE_FALSE(r.has_value());
      CHECK(r.error().message.find(name.substr(0, 4)) != std::string::npos);
      CHECK(r.error().message.starts_with("damaged record "));
    }
  }
}

TEST_CASE("another version, bytes behind the end and unknown enumerators are damage") {
  for (auto& [name, s] : samples()) {
    INFO(name);
    auto bytes = s.bytes;
    bytes[0] = 2;
    CHECK_FALSE(s.again(bytes).has_value());
    if (name != "raft_log") CHECK_FALSE(s.again(s.bytes + '\x01').has_value());
  }
  CHECK_FALSE(decode_member(id_of(1), std::string("\x01\x91\x09", 3)).has_value());
}

TEST_CASE("lengths that the input does not have are refused without allocating") {
  for (const char* claim : {"\x01\xdd\xff\xff\xff\xff", "\x01\x91\xdb\xff\xff\xff\xff",
                            "\x01\x91\xc6\xff\xff\xff\xff", "\x01\x91\xdf\xff\xff\xff\xff"}) {
    CHECK_FALSE(decode_user(id_of(1), claim).has_value());
  }
  const std::string deep = '\x01' + std::string(100'000, '\x91') + '\xc0';
  CHECK_FALSE(decode_message(id_of(1), 1, deep).has_value());
}

TEST_CASE("any flipped byte gives a record or an error, never a crash") {
  const auto all = samples();
  rc::prop("flips", [&] {
    for (const auto& [name, s] : all) {
      auto bytes = s.bytes;
      const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
      bytes[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
      static_cast<void>(s.again(bytes));
    }
  });
}

}  // namespace
}  // namespace greenroom::store
