// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A room with one message, and short words for what is done to it.

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

struct message_world : world {
  uuid target;

  outcome edit(const std::string& name, const std::string& content, std::uint64_t message_id = 0) {
    return run(edit_message{from(name, message_id, 11), {id(1), target, content}});
  }
  outcome erase(const std::string& name, std::uint64_t message_id = 0) {
    return run(delete_message{from(name, message_id, 12), {id(1), target}});
  }
  outcome react_with(const std::string& name, const std::string& emoji, bool add,
                     std::uint64_t message_id = 0) {
    return run(react{from(name, message_id, 13), {id(1), target, emoji, add}});
  }
  outcome pin(const std::string& name, bool pinned, std::uint64_t message_id = 0) {
    return run(pin_message{from(name, message_id, 14), {id(1), target, pinned}});
  }
  [[nodiscard]] chat::message message() const {
    return *s.find_message(id(1), *s.find_message_seq(id(1), target));
  }
};

/// Public room 1 of anna, with bob and carl; anna has said "one @bob" in it, at seq 2.
inline message_world with_message() {
  message_world w;
  w.given_room(1, "anna", room_type::open, {"bob", "carl"});
  auto cmd = w.sending("anna", 1, "one @bob");
  cmd.what.metadata = {{"k", "v"}};
  w.target = as<message_written>(w.run(cmd)).id;
  return w;
}

}  // namespace greenroom::chat::test
