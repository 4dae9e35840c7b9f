// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The base of every actor: registers it, counts what it does, contains its failures.
///
/// CAF 0.17 has no figures per actor, and only its owner may ask a mailbox for its size; so the
/// base counts at enqueue and at handling. A handler that throws: the error is counted and logged,
/// the request in hand is answered with INTERNAL, the actor ends, and its supervisor does what the
/// actor's header says.

#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "actors/faults.hpp"
#include "actors/registry.hpp"

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
    record_ = registry::instance().enter(std::move(who), this->id());
    this->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::make_error(caf::exit_reason::unhandled_exception);
    });
  }

  ~observed() override { registry::instance().leave(record_); }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    record_->enqueued.fetch_add(1, std::memory_order_relaxed);
    super::enqueue(std::move(element), host);
  }

  [[nodiscard]] const actor_record& record() const noexcept { return *record_; }

 protected:
  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    const auto start = std::chrono::steady_clock::now();
    try {
      faults::hit(record_->kind);
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

  /// The self-report of the console: one line per fact, bounded.
  void report(std::string text) { record_->set_report(std::move(text)); }
  void rename(std::string name) { record_->set_name(std::move(name)); }
  /// What the console reads of it from now on.
  void show(std::shared_ptr<const actor_facts> facts) { record_->set_facts(std::move(facts)); }

 private:
  void account(std::chrono::steady_clock::time_point start) noexcept {
    const auto now = std::chrono::steady_clock::now();
    record_->handled.fetch_add(1, std::memory_order_relaxed);
    record_->busy_ns.fetch_add(static_cast<std::uint64_t>((now - start).count()),
                               std::memory_order_relaxed);
    record_->last_handled.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void contain(const caf::mailbox_element& element, const std::string& why,
               std::chrono::steady_clock::time_point start) {
    account(start);
    record_->errors.fetch_add(1, std::memory_order_relaxed);
    registry::instance().failed(*record_, why);
    answer_in_hand(element, why);
  }

  std::shared_ptr<actor_record> record_;
};

}  // namespace greenroom::actors
