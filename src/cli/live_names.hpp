// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Names of what is there now, for completion: asked of a node when they are needed, and kept for
/// some seconds. A node that does not answer at once has none.

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/completion.hpp"
#include "client/console_door.hpp"

namespace greenroom::cli {

class live_names {
 public:
  /// An empty `socket` has no names.
  explicit live_names(client::console_door socket) : socket_(std::move(socket)) {}

  /// Sorted; of rooms the aliases and the ids. At most some hundred, and none that would have to
  /// be quoted.
  const std::vector<std::string>& of(live_kind kind);

  /// What the node that is asked is called; the last name that was heard when it does not answer.
  const std::string& node_name();
  /// Whether the node answered when its name was last asked for.
  [[nodiscard]] bool is_reachable() const noexcept { return reachable_; }
  /// The next question about the name is really asked.
  void forget_node() { named_at_ = {}; }

 private:
  using clock = std::chrono::steady_clock;
  struct entry {
    clock::time_point asked_at;
    std::vector<std::string> names;
  };

  client::console_door socket_;
  std::map<live_kind, entry> kept_;
  std::string node_name_;
  bool reachable_ = false;
  clock::time_point named_at_;
};

}  // namespace greenroom::cli
