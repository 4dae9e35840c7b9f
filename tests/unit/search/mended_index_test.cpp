// SPDX-License-Identifier: MIT
#include "search/mended_index.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"

using namespace greenroom;
using namespace greenroom::search;
using namespace std::chrono_literals;

namespace {

struct mending {
  greenroom::test::temporary_folder own;
  std::filesystem::path file = own.path() / "search.db";
  mended_index::clock::time_point now{24h};
  uuid room = room_id_of_alias("kitchen");
  uuid_generator ids;
  mended_index of{file};

  void fill(index& in) {
    in.begin();
    for (std::uint64_t seq = 1; seq <= 500; ++seq)
      in.put({room, seq, ids(1000), room, 1000, 0, "tea and milk " + std::to_string(seq)});
    in.set_progress(room, 500);
    in.commit();
  }
  /// Whatever follows the first page, where the tables are listed, is overwritten.
  void damage() {
    of = mended_index(file);  // closes it
    const auto size = std::filesystem::file_size(file);
    REQUIRE(size > 8192);
    std::fstream f(file, std::ios::binary | std::ios::in | std::ios::out);
    f.seekp(4096);
    f << std::string(size - 4096, 'x');
  }
  /// What it says of the damage.
  static std::string read(index& in) {
    try {
      static_cast<void>(in.progress(room_id_of_alias("kitchen")));
    } catch (const damaged& e) {
      return e.what();
    }
    return {};
  }
};

}  // namespace

TEST_CASE("an index that is found damaged is made anew once, and not again within an hour") {
  mending x;
  x.fill(*x.of.get(x.now));
  CHECK(x.of.take_opened());
  CHECK_FALSE(x.of.take_opened());
  CHECK_FALSE(x.of.was_made_anew());
  x.damage();

  auto* in = x.of.get(x.now);
  REQUIRE(in != nullptr);
  CHECK(x.of.take_opened());
  const auto why = x.read(*in);
  REQUIRE_FALSE(why.empty());
  CHECK(x.of.mend(why, x.now));

  // All of it has to be taken in again, and can be.
  in = x.of.get(x.now);
  REQUIRE(in != nullptr);
  CHECK(x.of.take_opened());
  CHECK(in->size() == 0);
  CHECK(in->progress(x.room) == 0);
  x.fill(*in);
  CHECK(in->size() == 500);

  CHECK_FALSE(x.of.mend("damaged again", x.now + 59min));
  CHECK(x.of.get(x.now + 59min) == nullptr);
  CHECK(x.of.why_not() == "damaged again");
  in = x.of.get(x.now + 60min);
  REQUIRE(in != nullptr);
  CHECK(in->size() == 0);
}

TEST_CASE("an index that cannot be opened is tried again after a pause that grows") {
  mending x;
  x.of = mended_index(x.own.path() / "no such folder" / "search.db");
  auto now = x.now;
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    CHECK(x.of.get(now) == nullptr);
    CHECK_FALSE(x.of.why_not().empty());
    CHECK_FALSE(x.of.take_opened());
    // Nobody tries before.
    std::filesystem::create_directory(x.own.path() / "no such folder");
    CHECK(x.of.get(now + pause - 1ms) == nullptr);
    std::filesystem::remove(x.own.path() / "no such folder");
    now += pause;
  }
  std::filesystem::create_directory(x.own.path() / "no such folder");
  CHECK(x.of.get(now) != nullptr);
  CHECK(x.of.take_opened());
  x.of.works();
  x.of.pause("full", now);
  CHECK(x.of.get(now + 999ms) == nullptr);
  CHECK(x.of.get(now + 1s) != nullptr);
}

TEST_CASE("a file without its tables is made anew, and says so") {
  mending x;
  x.fill(*x.of.get(x.now));
  x.of = mended_index(x.file);
  std::filesystem::resize_file(x.file, 0);
  CHECK_FALSE(index(x.file).was_made_anew());  // an empty file is no damage
  std::ofstream(x.file, std::ios::binary) << std::string(8192, 'x');
  auto* in = x.of.get(x.now);
  REQUIRE(in != nullptr);
  CHECK(x.of.was_made_anew());
  CHECK(in->size() == 0);
}
