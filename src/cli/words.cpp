// SPDX-License-Identifier: MIT
#include "cli/words.hpp"

namespace greenroom::cli {

namespace {

struct taken_apart {
  std::vector<std::string> words;
  bool open = false;    ///< the last word has not ended
  bool quoted = false;  ///< … and has quotes or \ in it
  const char* wrong = nullptr;
};

taken_apart take_apart(std::string_view line) {
  taken_apart out;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == 0 && blank) {
      out.open = false;
      continue;
    }
    if (!out.open) {
      out.words.emplace_back();
      out.open = true;
      out.quoted = false;
    }
    if (c == '\\' && quote != '\'') {
      out.quoted = true;
      if (i + 1 == line.size() || line[i + 1] == '\n') {
        out.wrong = "nothing follows the \\ at the end";
        break;
      }
      out.words.back() += line[++i];
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      out.quoted = true;
    } else {
      out.words.back() += c;
    }
  }
  if (quote != 0) out.wrong = "a quote is not closed";
  return out;
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> split_words(std::string_view line) {
  auto all = take_apart(line);
  if (all.wrong != nullptr) return tl::unexpected(std::string(all.wrong));
  return std::move(all.words);
}

typed_words words_before(std::string_view line) {
  auto all = take_apart(line);
  typed_words out;
  if (all.open && !all.words.empty()) {
    out.word = std::move(all.words.back());
    out.quoted = all.quoted;
    all.words.pop_back();
  }
  out.before = std::move(all.words);
  return out;
}

}  // namespace greenroom::cli
