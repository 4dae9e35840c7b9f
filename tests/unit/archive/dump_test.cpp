// SPDX-License-Identifier: MIT
#include "archive/dump.hpp"

#include <catch2/catch.hpp>

#include "store/describe.hpp"
#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;
using nlohmann::json;

namespace {

std::vector<json> lines_of(const std::filesystem::path& data, const dump_options& o) {
  std::vector<json> lines;
  const auto done = dump(data, o, [&](const json& line) {
    lines.push_back(line);
    return true;
  });
  if (!done) throw std::runtime_error(done.error().message);
  CHECK(done->records == lines.size());
  return lines;
}

}  // namespace

TEST_CASE("everything is shown but secrets", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  std::string all;
  bool user_seen = false;
  for (const auto& line : lines_of(folder.path(), {})) {
    all += line.dump();
    if (line["kind"] == "user") {
      user_seen = true;
      CHECK(line["password_hash"] == std::string(store::secret_shown));
      CHECK(line["username"] == "alice");
    }
  }
  CHECK(user_seen);
  CHECK_FALSE(has(all, "argon2"));
  CHECK_FALSE(has(all, std::string(placement::key_secret_bytes, 's')));
  CHECK(has(all, "text 3"));
}

TEST_CASE("a dump is of a shard, a kind, a room, and so many", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  CHECK(lines_of(folder.path(), {.shard = 7, .room = {}, .kind = {}, .limit = 0}).empty());
  for (const auto& line : lines_of(folder.path(), {.shard = 0, .room = {}, .kind = {}, .limit = 0}))
    CHECK(line["shard"] == 0);
  const auto messages =
      lines_of(folder.path(), {.shard = {}, .room = {}, .kind = family::message, .limit = 0});
  REQUIRE(messages.size() == entries - 1);
  CHECK(messages[0]["seq"] == 2);
  CHECK(messages[0]["content"] == "text 2");
  CHECK(lines_of(folder.path(), {.shard = {}, .room = {}, .kind = family::message, .limit = 2})
            .size() == 2);
  const auto of_room =
      lines_of(folder.path(), {.shard = {}, .room = room_id, .kind = {}, .limit = 0});
  // The room, its member, its entries, its messages, and those by id.
  CHECK(of_room.size() == 2 + entries + 2 * (entries - 1));
  CHECK(lines_of(folder.path(), {.shard = {}, .room = id_of(1), .kind = {}, .limit = 0}).empty());
}

TEST_CASE("a record that cannot be read is shown as that", "[archive]") {
  const temporary_folder folder;
  auto records = records_of(sound_contents());
  records.push_back(
      {family::message, std::string(store::seq_key(here, room_id, 9).view()), "nonsense"});
  write(folder.path(), records);
  std::uint64_t shown = 0;
  const auto done =
      dump(folder.path(), {.shard = {}, .room = {}, .kind = family::message, .limit = 0},
           [&](const json& line) {
             shown += line.contains("damaged") ? 1 : 0;
             return true;
           });
  REQUIRE(done);
  CHECK(done->damaged == 1);
  CHECK(shown == 1);
}

TEST_CASE("records are counted by shard and kind", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  const auto figures = count(folder.path());
  REQUIRE(figures);
  std::uint64_t messages = 0;
  for (const auto& c : figures->counts)
    if (c.kind == family::message) {
      CHECK(c.shard == shard);
      CHECK(c.bytes > 0);
      messages += c.records;
    }
  CHECK(messages == entries - 1);
  CHECK(figures->tables.size() == store::family_count);
}
