// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What an actor says of itself when an operator asks (`actor show`): what it owns, in words. The
/// question is a message, so the answer is the actor's own state of one moment, and an actor that
/// nobody asks pays nothing for it. One that hangs does not answer; what it publishes as it goes
/// (registry.hpp) is seen nevertheless.

#include <caf/allowed_unsafe_message_type.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/message_kind.hpp"

namespace greenroom::actors {

/// Bounded, whatever an actor owns. Never a secret, nor anything that people have said.
class self_report {
 public:
  static constexpr std::size_t facts_max = 60;
  static constexpr std::size_t text_max = 300;  ///< bytes of one value
  static constexpr std::size_t names_max = 10;  ///< of one list

  /// `name` in words as operators know them, with the unit where it is not a count.
  void say(std::string name, nlohmann::json value);
  /// How many there are, with the first of them by name.
  void say_names(std::string name, std::span<const std::string> first, std::size_t all);

  [[nodiscard]] const std::vector<std::pair<std::string, nlohmann::json>>& facts() const noexcept {
    return facts_;
  }

 private:
  std::vector<std::pair<std::string, nlohmann::json>> facts_;
};

/// Answered in any case: if the actor ends before its turn, with null.
class question {
 public:
  using answer = std::function<void(const self_report*)>;

  /// `done` is called once, on the actor's thread or on that which ends it.
  explicit question(answer done) : done_(std::move(done)) {}
  ~question() { give(nullptr); }
  question(const question&) = delete;
  question& operator=(const question&) = delete;

  void give(const self_report* report) const {
    if (const auto done = std::exchange(done_, {})) {
      done(report);
    }
  }

 private:
  mutable answer done_;
};
using question_ptr = std::shared_ptr<const question>;

/// See message_kind.hpp.
inline message_kind question_kind() noexcept {
  return reinterpret_cast<std::uintptr_t>(&typeid(question_ptr));
}

}  // namespace greenroom::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::question_ptr)
