// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>

#include "cli/console.hpp"
#include "cli/words.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto timeout_default = 5'000ms;
/// Every token costs a durable write, and 100,000 may be asked for.
constexpr auto timeout_of_tokens = 600'000ms;

enum option : unsigned { kind = 1, limit = 2, user = 4, create = 8, count = 16 };

struct verb_row {
  std::string_view verb;       ///< as the node knows it
  std::string_view singular;   ///< another way to say its first word
  std::string_view action;     ///< its second word; for lists it may be left out
  unsigned takes = 0;          ///< options that make sense with it
  std::string_view subject{};  ///< name of the argument that a third word is
};

constexpr std::array verbs{
    verb_row{"nodes", "node", "list"},
    verb_row{"shards", "shard", "list"},
    verb_row{"actors", "actor", "list", option::kind | option::limit},
    verb_row{"links", "link", "list"},
    verb_row{"settings", "setting", "list"},
    verb_row{"health", "health", ""},
    verb_row{"token issue", "tokens", "issue", option::user | option::create | option::count},
    verb_row{"chaos fail", "chaos", "fail", 0, "kind"},
};

std::string first_word(std::string_view verb) {
  return std::string(verb.substr(0, verb.find(' ')));
}

bool is_list(const verb_row& row) {
  return row.verb.find(' ') == std::string_view::npos;
}

tl::unexpected<std::string> wrong(std::string sentence) {
  return tl::make_unexpected(std::move(sentence));
}

/// The verb that a line looks like.
std::string guess(const std::vector<std::string>& words) {
  std::vector<std::string> candidates;
  for (const auto& row : verbs) {
    candidates.push_back(first_word(row.verb));
    candidates.emplace_back(row.singular);
  }
  const auto word = nearest(words[0], candidates);
  for (const auto& row : verbs) {
    if (word == row.singular || word == first_word(row.verb)) {
      return std::string(row.verb);
    }
  }
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) {
    all += (all.empty() ? "" : " ") + word;
  }
  return all;
}

std::string all_verbs() {
  std::string all;
  for (const auto& row : verbs) {
    all += (all.empty() ? "" : ", ") + std::string(row.verb);
  }
  return all;
}

tl::expected<const verb_row*, std::string> find_verb(const std::vector<std::string>& words) {
  if (words.empty()) {
    return wrong("a verb is missing: " + all_verbs());
  }
  for (const auto& row : verbs) {
    if (words[0] != row.singular && words[0] != first_word(row.verb)) {
      continue;
    }
    const std::size_t words_max = row.subject.empty() ? 2 : 3;
    const bool acts = words.size() > 1 && !row.action.empty() && words[1] == row.action;
    if (!acts && !(is_list(row) && words.size() == 1)) {
      const auto hint = is_list(row) ? std::string("; ") + words[0] + " takes no further word"
                                     : "; did you mean " + std::string(row.verb) + "?";
      return wrong("unknown verb " + joined(words) + hint);
    }
    if (words.size() > words_max) {
      return wrong("too many words after " + std::string(row.verb) + ": " + words[words_max]);
    }
    if (!row.subject.empty() && words.size() < words_max) {
      return wrong(std::string(row.verb) + " needs a " + std::string(row.subject) +
                   ", such as: " + std::string(row.verb) + " room");
    }
    return &row;
  }
  return wrong("unknown verb " + joined(words) + did_you_mean(guess(words)) +
               (guess(words).empty() ? "; there are " + all_verbs() : ""));
}

}  // namespace

tl::expected<console_request, std::string> make_request(const console_options& options) {
  const auto row = find_verb(options.words);
  if (!row) {
    return tl::make_unexpected(row.error());
  }
  const auto& verb = **row;
  const std::array<std::pair<bool, std::pair<unsigned, const char*>>, 5> given{{
      {options.kind.has_value(), {option::kind, "--kind"}},
      {options.limit.has_value(), {option::limit, "--limit"}},
      {options.user.has_value(), {option::user, "--user"}},
      {options.create, {option::create, "--create"}},
      {options.count.has_value(), {option::count, "--count"}},
  }};
  for (const auto& [is_given, what] : given) {
    if (is_given && (verb.takes & what.first) == 0) {
      return wrong(std::string(what.second) + " does not go with " + std::string(verb.verb));
    }
  }
  if ((verb.takes & option::user) != 0 && !options.user) {
    return wrong(std::string(verb.verb) + " needs --user NAME");
  }
  console_request request;
  request.verb = verb.verb;
  auto& arguments = request.arguments;
  if (!verb.subject.empty()) arguments[std::string(verb.subject)] = options.words[2];
  if (options.kind) arguments["kind"] = *options.kind;
  if (options.limit) arguments["limit"] = *options.limit;
  if (options.user) arguments["user"] = *options.user;
  if (options.create) arguments["create"] = true;
  if (options.count) arguments["count"] = *options.count;
  request.timeout = verb.verb == "token issue" ? timeout_of_tokens : timeout_default;
  if (options.timeout_s) {
    request.timeout = std::chrono::milliseconds(std::llround(*options.timeout_s * 1000));
  }
  return request;
}

}  // namespace greenroom::cli
