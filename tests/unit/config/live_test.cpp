// SPDX-License-Identifier: MIT
#include "config/live.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "config/table.hpp"
#include "support/temporary_folder.hpp"

using namespace greenroom;
using namespace greenroom::config;
using Catch::Matchers::Contains;

namespace {

// A file that is gone with the test.
class file {
 public:
  void say(const std::string& text) const { std::ofstream{path_} << text; }
  const std::string& path() const { return path_; }

 private:
  test::temporary_folder folder_;
  std::string path_ = folder_.path() / "greenroom.toml";
};

loaded loaded_of(const std::vector<flag_value>& flags) {
  sources from;
  from.flags = flags;
  return *load(from);
}

const key_change& of(const std::vector<key_change>& all, const std::string& key) {
  const auto it = std::ranges::find(all, key, [](const auto& c) { return c.key; });
  REQUIRE(it != all.end());
  return *it;
}

void nothing(const settings&, const settings&) {}

}  // namespace

TEST_CASE("every key that counts at once is one of the table", "[config]") {
  std::size_t live = 0;
  for (const auto& k : keys())
    live += is_live(k.name) ? 1 : 0;
  CHECK(live == 14);
  CHECK(is_live("limits.messages_per_minute"));
  CHECK(is_live("limits.requests_per_minute"));
  CHECK_FALSE(is_live("http.port"));
  CHECK_FALSE(is_live("cluster.key"));
  CHECK_FALSE(is_live("limits"));
}

TEST_CASE("what differs, and what becomes of it", "[config]") {
  const auto wanted = loaded_of({{"--set", "history.page", "10"}, {"--set", "http.port", "9000"}});
  const settings started = loaded_of({}).values;
  const auto found = changes(started, started, wanted);
  REQUIRE(found.size() == 2);
  const auto& page = of(found, "history.page");
  CHECK(page.what == fate::taken);
  CHECK(page.before == "50");
  CHECK(page.after == "10");
  CHECK(page.origin == "flag --set");
  CHECK(of(found, "http.port").what == fate::needs_restart);
  CHECK(to_string(fate::taken) == "taken");
  CHECK(to_string(fate::needs_restart) == "needs a restart");
}

TEST_CASE("only what is live is taken over", "[config]") {
  const auto wanted = loaded_of({{"--set", "history.page", "10"}, {"--set", "http.port", "9000"}});
  const auto after = with_live_keys(settings{}, wanted.values);
  CHECK(after.history.page == 10);
  CHECK(after.http.port == 8080);
}

TEST_CASE("what was fitted to the machine at start is no change", "[config]") {
  const settings started = loaded_of({}).values;
  auto running = started;
  running.limits.max_connections = 17;
  CHECK(changes(running, started, loaded_of({})).empty());
}

TEST_CASE("a configuration is read again", "[config]") {
  const settings at_start = loaded_of({}).values;
  // Before main has said where it came from there is nothing to read.
  REQUIRE_FALSE(reload(at_start, false, nothing));
  CHECK(&current(at_start) == &at_start);
  file f;
  f.say("");
  sources from;
  from.files = {f.path()};
  remember_sources(from, at_start);

  f.say("[history]\npage = 7\n[http]\nport = 1234\n");
  const auto planned =
      reload(at_start, true, [](const auto&, const auto&) { FAIL("a rehearsal"); });
  REQUIRE(planned);
  CHECK(planned->size() == 2);
  CHECK(current(at_start).history.page == 50);

  std::uint32_t before = 0;
  std::uint32_t after = 0;
  const auto done = reload(at_start, false, [&](const settings& old, const settings& now) {
    before = old.history.page;
    after = now.history.page;
  });
  REQUIRE(done);
  CHECK(of(*done, "history.page").origin == "file " + f.path() + ":2");
  CHECK(before == 50);
  CHECK(after == 7);
  const auto& now = current(at_start);
  CHECK(now.history.page == 7);
  CHECK(now.http.port == at_start.http.port);
  CHECK(changed() == &now);

  // Again: the live one holds now, the other one still waits for a restart.
  const auto again = reload(at_start, false, [](const auto&, const auto&) { FAIL("no change"); });
  REQUIRE(again);
  REQUIRE(again->size() == 1);
  CHECK(again->front().key == "http.port");

  // A mistake changes nothing, and is named with its line.
  f.say("[history]\npage = 8\nmax_page = 0\n");
  const auto wrong = reload(at_start, false, nothing);
  REQUIRE_FALSE(wrong);
  REQUIRE(wrong.error().size() == 1);
  CHECK_THAT(wrong.error().front(), Contains(f.path() + ":3"));
  CHECK(current(at_start).history.page == 7);
  CHECK(&current(at_start) == &now);

  // A key that is no longer set goes back to its default. Who holds the earlier settings still may.
  f.say("");
  REQUIRE(reload(at_start, false, nothing));
  CHECK(current(at_start).history.page == 50);
  CHECK(now.history.page == 7);
}
