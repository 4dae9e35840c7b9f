// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Texts with placeholders: %r room, %n nick, %i number of the connection, %s number of the
/// message, %p payload, %t token of the connection, %u fresh UUID, %A alias of the room, %a id of
/// the room that follows from its alias. "%%" is a percent sign. Escapes: \n \t \\ \xHH.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::load {

/// Cut at its placeholders once, so that filling it in is only appending.
class template_text {
 public:
  template_text() = default;
  /// `text` has its escapes resolved already.
  explicit template_text(std::string_view text);

  /// Appends; `put(code)` has to append what the placeholder stands for.
  template <class Put>
  void fill(std::string& to, Put&& put) const {
    for (const auto& part : parts_) {
      to += part.text;
      if (part.code != 0) put(part.code);
    }
  }
  [[nodiscard]] bool empty() const { return parts_.empty(); }

 private:
  struct part {
    std::string text;
    char code = 0;  ///< the placeholder behind the text; 0: none
  };
  std::vector<part> parts_;
};

/// "frame=>expected": what to send, and a text of the answer to wait for (empty: do not wait).
struct template_step {
  template_text send;
  std::string expected;
};

std::string unescape(std::string_view text);
/// Empty pieces are left out.
std::vector<std::string> split(std::string_view text, std::string_view by);
template_step make_step(std::string_view text);

}  // namespace greenroom::load
