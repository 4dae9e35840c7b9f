// SPDX-License-Identifier: MIT
#include "actors/search_pages.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "actors/search_places.hpp"

using namespace greenroom;
using namespace greenroom::actors;

namespace {

/// An index with messages 1 … `last`, of which some are gone from the store.
struct shelf {
  std::vector<search::hit> all;  ///< newest first
  std::uint64_t last = 0;
  std::size_t pages = 0;
  std::size_t fails_at = 1000;
  std::vector<std::uint64_t> gone;

  explicit shelf(std::uint64_t count) : last(count) {
    for (auto seq = count; seq > 0; --seq)
      all.push_back({{}, seq, user_id_of(std::to_string(seq)), static_cast<unix_ms>(seq), "…"});
  }
  void lose(std::uint64_t from, std::uint64_t to) {
    for (auto seq = from; seq <= to; ++seq)
      gone.push_back(seq);
  }
  auto find() {
    return [this](const std::optional<search::position>& from,
                  std::size_t limit) -> expected<std::vector<search::hit>> {
      if (++pages == fails_at) {
        return unavailable("too slow");
      }
      std::vector<search::hit> out;
      for (const auto& h : all)
        if ((!from || h.created_at < from->created_at) && out.size() < limit) out.push_back(h);
      return out;
    };
  }
  auto show() {
    return [this](const search::hit& h) -> std::optional<protocol::search_hit> {
      if (std::find(gone.begin(), gone.end(), h.seq) != gone.end()) return std::nullopt;
      protocol::search_hit out;
      out.message.id = h.id;
      out.message.seq = h.seq;
      out.message.created_at = h.created_at;
      return out;
    };
  }
  found_page look(std::size_t limit, std::optional<search::position> from = std::nullopt) {
    auto page = find_there(find(), show(), from, limit);
    REQUIRE(page);
    return *page;
  }
};

std::vector<std::uint64_t> seqs(const std::vector<protocol::search_hit>& hits) {
  std::vector<std::uint64_t> out;
  for (const auto& h : hits)
    out.push_back(h.message.seq);
  return out;
}

protocol::search_response response(const found_page& p) {
  protocol::search_response r;
  r.hits = p.hits;
  if (p.more) r.next_cursor = p.more->text();
  return r;
}

using numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a cursor of a list is what it was made of, and nothing else is one") {
  using cursor = list_cursor<2>;
  const cursor c{{12, 0}, user_id_of("alice")};
  CHECK(c.text() == "12.0." + user_id_of("alice").str());
  CHECK(cursor::from(c.text()) == c);
  CHECK(list_cursor<1>::from("12." + c.id.str())->times[0] == 12);
  for (const auto* bad : {"", ".", "12", "12.", "12.0", "12.0.", "12.0.x", "x.0.", "12.x.",
                          "99999999999999999999.0."})
    CHECK_FALSE(cursor::from(bad));
  // One of another list.
  CHECK_FALSE(cursor::from("12." + c.id.str()));
  CHECK_FALSE(list_cursor<1>::from(c.text()));
  CHECK_FALSE(cursor::from(c.text() + "0"));
  CHECK(cursor{{12, 1}, {}} > cursor{{12, 0}, user_id_of("bob")});
}

TEST_CASE("pages of which nothing is there any more do not end a list") {
  shelf s(100);
  s.lose(71, 100);
  const auto page = s.look(10);
  CHECK(seqs(page.hits) == numbers{70, 69, 68, 67, 66, 65, 64, 63, 62, 61});
  CHECK(s.pages == 4);
  REQUIRE(page.more);
  CHECK(page.more->times[0] == 61);

  // Some of each page.
  shelf t(100);
  for (std::uint64_t seq = 100; seq > 60; seq -= 2)
    t.lose(seq, seq);
  CHECK(seqs(t.look(10).hits) == numbers{99, 97, 95, 93, 91, 89, 87, 85, 83, 81});
}

TEST_CASE("a list ends where the index does") {
  shelf s(15);
  s.lose(1, 15);
  const auto page = s.look(10);
  CHECK(page.hits.empty());
  CHECK_FALSE(page.more);
  CHECK(s.pages == 2);
}

TEST_CASE("a look-up reads so many pages, and the next one goes on") {
  shelf s(100);
  s.lose(11, 100);
  const auto page = s.look(5);
  CHECK(s.pages == search_pages_max);
  CHECK(page.hits.empty());
  REQUIRE(page.more);
  CHECK(page.more->times[0] == 51);
  const auto next = s.look(5, search::position{page.more->times[0], page.more->id});
  CHECK(seqs(next.hits) == numbers{10, 9, 8, 7, 6});
}

TEST_CASE("what fails late is a short page, what fails at once an error") {
  shelf s(100);
  s.lose(93, 100);
  s.fails_at = 2;
  const auto page = s.look(10);
  CHECK(seqs(page.hits) == numbers{92, 91});
  REQUIRE(page.more);
  CHECK(page.more->times[0] == 91);
  shelf t(100);
  t.fails_at = 1;
  const auto failed = find_there(t.find(), t.show(), std::nullopt, 10);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == ec::unavailable);
}

TEST_CASE("no hit is behind what a shard has yet to look at") {
  shelf all(20);
  shelf stuck(20);
  stuck.lose(3, 20);
  stuck.fails_at = 2;  // it has looked as far as 10, and nothing was there
  gathered_hits g(15);
  g.add(response(all.look(16)));
  g.add(response(stuck.look(11)));
  const auto page = g.page();
  CHECK(seqs(page.hits) == numbers{20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10});
  REQUIRE(page.next_cursor);
  CHECK(search_cursor::from(*page.next_cursor)->times[0] == 10);

  // The page is full before that.
  gathered_hits h(3);
  h.add(response(all.look(4)));
  const auto full = h.page();
  CHECK(seqs(full.hits) == numbers{20, 19, 18});
  CHECK(search_cursor::from(full.next_cursor.value())->times[0] == 18);

  // There is no more.
  gathered_hits last(50);
  last.add(response(all.look(51)));
  CHECK(last.page().hits.size() == 20);
  gathered_hits none(50);
  CHECK_FALSE(none.page().next_cursor);
}

TEST_CASE("an answer without a place is taken to be as far as its last hit") {
  shelf s(20);
  auto r = response(s.look(4));
  r.next_cursor = "more";
  gathered_hits g(10);
  g.add(r);
  CHECK(search_cursor::from(g.page().next_cursor.value())->times[0] == 17);
}

TEST_CASE("so many look-ups wait, and each gives its place back once") {
  search_places places;
  std::vector<std::shared_ptr<void>> held;
  for (std::size_t i = 0; i < search_places::all; ++i) {
    held.push_back(places.take());
    REQUIRE(held.back());
  }
  CHECK_FALSE(places.take());
  const auto copy = held.back();
  held.pop_back();
  CHECK_FALSE(places.take());  // a copy of it is there
  held.clear();
  CHECK(places.taken() == 1);
  CHECK(places.take());
}
