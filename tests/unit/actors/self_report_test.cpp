// SPDX-License-Identifier: MIT
#include "actors/self_report.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/base.hpp"
#include "actors/interfaces.hpp"

using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

using facts = std::map<std::string, nlohmann::json>;

/// Waits for a call, and fails when it describes itself if it was told to.
using shy = caf::typed_actor<caf::reacts_to<tick_atom>, caf::reacts_to<call_ptr>>;

class being_shy final : public observed<shy> {
 public:
  being_shy(caf::actor_config& cfg, bool fails)
      : observed(cfg, {actor_kind::canary, "shy", "test"}), fails_(fails) {}

 protected:
  behavior_type make_behavior() override {
    become_known_as("waiting");
    return {[this](tick_atom) {
              become_known_as("asked");
              dropped("ticks");
              delayed_send(this, 1h, tick_atom::value);
              ++ticks_;
            },
            [this](const call_ptr&) { quit(); }};
  }
  void describe(self_report& to) const override {
    to.say("ticks", ticks_);
    if (fails_) {
      throw std::runtime_error("on purpose");
    }
  }

 private:
  bool fails_;
  int ticks_ = 0;
};

/// What it says; empty: it has ended. Whoever does not answer at all fails the test.
std::optional<facts> asked(const caf::strong_actor_ptr& who) {
  std::promise<std::optional<facts>> heard;
  auto answer = heard.get_future();
  {
    const auto q = std::make_shared<const question>([&heard](const self_report* said) {
      heard.set_value(said == nullptr
                          ? std::nullopt
                          : std::optional(facts(said->facts().begin(), said->facts().end())));
    });
    caf::anon_send<caf::message_priority::high>(caf::actor_cast<caf::actor>(who), q);
  }
  REQUIRE(answer.wait_for(20s) == std::future_status::ready);
  return answer.get();
}

}  // namespace

TEST_CASE("an actor says what it owns and which timers are pending", "[self_report]") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  const shy who = system.spawn<being_shy>(false);
  const auto there = caf::actor_cast<caf::strong_actor_ptr>(who);
  const auto before = asked(there);
  REQUIRE(before.has_value());
  CHECK(before->at("ticks") == 0);
  CHECK(before->at("timers pending") == "0");
  caf::anon_send(who, tick_atom::value);
  const auto after = asked(there);  // with priority: it may be the first of the two
  const auto last = asked(there);
  REQUIRE(last.has_value());
  CHECK(last->at("ticks") == 1);
  const auto timers = last->at("timers pending").get<std::string>();
  CHECK(timers.starts_with("1: tick in 3"));

  const auto seen = registry::instance().find(who.id());
  REQUIRE(seen.has_value());
  CHECK(std::string(seen->role) == "asked");
  CHECK(seen->role_ms >= 0);
  CHECK(seen->dropped == 1);
  REQUIRE(seen->drops.size() == 1);
  CHECK(std::string(seen->drops.front().first) == "ticks");
  // Questions are messages, but not what it did last.
  CHECK(seen->handled == 4);
  CHECK(seen->queue_depth == 0);
  CHECK(name_of_message_kind(seen->last_kind) == "tick");

  caf::anon_send(who, call_ptr{});
  system.await_all_actors_done();
  CHECK_FALSE(asked(there).has_value());
}

TEST_CASE("an actor that cannot describe itself goes on", "[self_report]") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  const shy who = system.spawn<being_shy>(true);
  const auto there = caf::actor_cast<caf::strong_actor_ptr>(who);
  for (int i = 0; i < 2; ++i) {
    const auto said = asked(there);
    REQUIRE(said.has_value());
    CHECK(said->at("ticks") == 0);
    CHECK(said->at("failed to describe itself") == "on purpose");
  }
  caf::anon_send(who, call_ptr{});
}

TEST_CASE("a report is bounded", "[self_report]") {
  self_report r;
  for (std::size_t i = 0; i < 2 * self_report::facts_max; ++i) {
    r.say("n", i);
  }
  CHECK(r.facts().size() == self_report::facts_max);

  self_report texts;
  texts.say("long", std::string(5000, 'x'));
  // Of two bytes each, so that the limit may lie within one.
  std::string umlauts("x");
  for (int i = 0; i < 1000; ++i) {
    umlauts += "ä";
  }
  texts.say("umlauts", umlauts);
  for (const auto& [name, value] : texts.facts()) {
    const auto text = value.get<std::string>();
    CHECK(text.size() <= self_report::text_max + 3);
    CHECK(text.ends_with("…"));
    CHECK_NOTHROW(nlohmann::json(text).dump());
  }

  self_report names;
  const std::vector<std::string> all(50, "node");
  names.say_names("nodes", all, 1000);
  const auto text = names.facts().front().second.get<std::string>();
  CHECK(text.starts_with("1000: node, node"));
  CHECK(text.ends_with("node, …"));
  names.say_names("none", {}, 0);
  CHECK(names.facts().back().second == "0");
}
