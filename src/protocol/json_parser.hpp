// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Strict JSON (RFC 8259) from hostile text. Why not the parser of the JSON library: its error
/// texts copy the offending token several times, it skips a byte order mark, takes U+0000 for the
/// end of the text, and turns integers of more than 64 bits into floating point.

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/tree_builder.hpp"

namespace greenroom::protocol {

class json_parser {
 public:
  json_parser(std::string_view text, tree_builder& tree) : text_(text), tree_(tree) {}

  /// One value and nothing but white space around it. When it is false, the tree says why.
  bool parse();

 private:
  bool value();
  bool object();
  bool array();
  bool word(std::string_view expected, nlohmann::json&& meaning);
  bool number();
  bool digits();
  /// A text in quotes, into `to`.
  bool text(std::string& to);
  bool escape(std::string& to);
  bool surrogate_pair(std::string& to, unsigned first);
  /// Four hexadecimal digits; -1 when they are not there.
  int hex4();

  /// The next character, NUL at the end (which no grammar rule accepts).
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c);
  void skip_space();
  bool invalid();

  std::string_view text_;
  tree_builder& tree_;
  std::size_t at_ = 0;
};

}  // namespace greenroom::protocol
