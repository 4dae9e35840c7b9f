// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The base of every actor: registers it, counts what it does, contains its failures.
///
/// Answers whoever asks what it is at (self_report.hpp): each actor says that in describe().
///
/// CAF 0.17 has no figures per actor, and only its owner may ask a mailbox for its size; so the
/// base counts at enqueue and at handling, unless telemetry.actors is off. A handler that throws:
/// the error is counted and logged, the request in hand is answered with INTERNAL, the actor ends,
/// and its supervisor does what the actor's header says.

#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/faults.hpp"
#include "actors/message_kind.hpp"
#include "actors/registry.hpp"
#include "actors/self_report.hpp"

namespace greenroom::actors {

/// Answers whatever a mailbox element asks for with INTERNAL: knows the carriers of requests.
/// Returns whether there was anything to answer.
bool answer_in_hand(const caf::mailbox_element& element, const std::string& why);

/// `Typed` is one of the interfaces in interfaces.hpp.
template <class Typed>
class observed : public Typed::base {
 public:
  using super = typename Typed::base;

  observed(caf::actor_config& cfg, registration who) : super(cfg) {
    record_ = registry::instance().enter(std::move(who), this->id(), this->address());
    this->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::make_error(caf::exit_reason::unhandled_exception);
    });
  }

  ~observed() override { registry::instance().leave(record_); }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (actor_figures.load(std::memory_order_relaxed)) {
      record_->enqueued.fetch_add(1, std::memory_order_relaxed);
    }
    super::enqueue(std::move(element), host);
  }

  [[nodiscard]] const actor_record& record() const noexcept { return *record_; }

 protected:
  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    const auto kind = kind_of_message(element.content());
    if (kind == question_kind()) {
      answer_question(*element.content().template get_as<question_ptr>(0));
      return caf::invoke_message_result::consumed;
    }
    const bool counts = actor_figures.load(std::memory_order_relaxed);
    const auto start = counts ? take_up(kind) : not_counted;
    try {
      faults::hit(record_->kind, record_->id);
      const auto result = super::consume(element);
      account(start);
      return result;
    } catch (const std::exception& e) {
      contain(element, e.what(), start);
      throw;  // CAF ends the actor with unhandled_exception
    } catch (...) {
      contain(element, "unknown exception", start);
      throw;
    }
  }

  /// What it owns, for an operator: bounded, without secrets and without what people have said.
  /// Called between two messages. What throws here is said in place of the rest.
  virtual void describe(self_report& /*to*/) const {}

  /// What lists show of it: one line, bounded.
  void report(std::string text) { record_->set_report(std::move(text)); }
  /// What it is or does from now on, as a word (actor_record::role); since when is kept.
  void become_known_as(const char* word) noexcept { record_->set_role(word); }
  /// A message was taken that leads to nothing, for this reason (actor_record::drop).
  void dropped(const char* reason) { record_->drop(reason); }
  /// As CAF's, but what waits for its time can be told of (actor show).
  template <class Dest, class Rep, class Period, class Atom>
  void delayed_send(const Dest& to, std::chrono::duration<Rep, Period> after, const Atom& what) {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(timers_, [&](const timer& t) { return t.due <= now; });
    timers_.push_back({what, now + after});
    super::delayed_send(to, after, what);
  }
  void rename(std::string name) { record_->set_name(std::move(name)); }
  /// What the console reads of it from now on.
  void show(std::shared_ptr<const actor_facts> facts) { record_->set_facts(std::move(facts)); }

 private:
  using figure_time = std::chrono::steady_clock::time_point;
  /// Of a message that is not counted.
  static constexpr figure_time not_counted{};

  struct timer {
    caf::atom_value what;
    figure_time due;
  };

  void answer_question(const question& asked) noexcept {
    // In no figure but the number of messages, which who sends it has counted.
    if (actor_figures.load(std::memory_order_relaxed)) {
      record_->handled.store(record_->handled.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
    }
    try {
      self_report said;
      try {
        describe(said);
        tell_timers(said);
      } catch (const std::exception& e) {
        said.say("failed to describe itself", e.what());
      }
      asked.give(&said);
    } catch (...) {  // no memory: whoever asked hears of his time-out
      return;
    }
  }
  void tell_timers(self_report& to) const {
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::string> pending;
    for (const auto& t : timers_) {
      if (t.due > now) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(t.due - now);
        pending.push_back(caf::to_string(t.what) + " in " + std::to_string(left.count()) + " ms");
      }
    }
    to.say_names("timers pending", pending, pending.size());
  }

  figure_time take_up(message_kind kind) noexcept {
    auto& r = *record_;
    const auto start = std::chrono::steady_clock::now();
    r.waiting.note(r.handled.load(std::memory_order_relaxed),
                   r.enqueued.load(std::memory_order_relaxed), start);
    r.last_kind.store(kind, std::memory_order_relaxed);
    return start;
  }
  void account(figure_time start) noexcept {
    if (start == not_counted) {
      return;
    }
    auto& r = *record_;
    const auto now = std::chrono::steady_clock::now();
    // Nobody else writes these, so that adding needs no lock of the bus.
    const auto add = [](std::atomic<std::uint64_t>& to, std::uint64_t more) {
      to.store(to.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    };
    r.recent.note(now, {r.handled.load(std::memory_order_relaxed),
                        r.busy_ns.load(std::memory_order_relaxed)});
    add(r.handled, 1);
    add(r.busy_ns, static_cast<std::uint64_t>((now - start).count()));
    r.last_handled.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void contain(const caf::mailbox_element& element, const std::string& why, figure_time start) {
    account(start);
    record_->errors.fetch_add(1, std::memory_order_relaxed);
    registry::instance().failed(*record_, why);
    answer_in_hand(element, why);
  }

  std::shared_ptr<actor_record> record_;
  std::vector<timer> timers_;  ///< few
};

}  // namespace greenroom::actors
