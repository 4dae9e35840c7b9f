// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The answer that an operator's request is owed. Copies share it; it is given once, by whoever is
/// first, and when the last copy goes unanswered (a mailbox of an actor that has failed), it is
/// given as a failure. Thread-safe.

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

namespace greenroom::actors {

class answer_once {
 public:
  using function = std::function<void(nlohmann::json)>;

  answer_once() = default;
  explicit answer_once(function give) : owed_(std::make_shared<owed>(std::move(give))) {}

  void operator()(nlohmann::json answer) const {
    if (owed_) {
      owed_->answer(std::move(answer));
    }
  }

 private:
  class owed {
   public:
    explicit owed(function give) : give_(std::move(give)) {}
    ~owed() {
      answer({{"ok", false},
              {"error",
               {{"code", "failure"}, {"message", "the admin actor was interrupted; try again"}}}});
    }
    owed(const owed&) = delete;
    owed& operator=(const owed&) = delete;

    void answer(nlohmann::json what) {
      if (!given_.exchange(true)) {
        give_(std::move(what));
      }
    }

   private:
    function give_;
    std::atomic<bool> given_{false};
  };
  std::shared_ptr<owed> owed_;
};

}  // namespace greenroom::actors
