// SPDX-License-Identifier: MIT
#include "cli/console_confirm.hpp"

#include <istream>
#include <ostream>
#include <string_view>

#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

struct question {
  std::string name;
  const char* what;  ///< what happens to it
};

std::optional<question> question_of(const console_options& o) {
  if (o.verb == "user erase") return question{o.user, "is erased, for good"};
  if (o.verb == "user deactivate") return question{o.user, "can no longer log in"};
  if (o.verb == "user reset-password") return question{o.user, "gets another password"};
  if (o.verb == "node decommission") return question{o.node, "leaves the cluster for good"};
  if (o.verb == "key retire") return question{o.id, "is forgotten, with all that it has signed"};
  if (o.verb == "token revoke") return question{o.id, "is good for nothing any more"};
  if (o.verb == "chaos kill") return question{o.actor, "is made to fail"};
  if (o.verb == "connection close") return question{o.id, "is closed"};
  if (o.verb == "session kick") {
    return o.user.empty() ? question{o.session, "is cut off"}
                          : question{o.user, "is cut off from every node"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> name_to_confirm(const console_options& o) {
  if (o.yes || o.dry_run) return std::nullopt;
  const auto asked = question_of(o);
  return asked ? std::optional(asked->name) : std::nullopt;
}

std::optional<exit_code> confirm(const console_options& o, bool on_terminal, std::istream& typed,
                                 std::ostream& complaints) {
  const auto name = name_to_confirm(o);
  if (!name) return std::nullopt;
  if (!on_terminal) {
    complaints << "greenroom: " << o.verb << " cannot be taken back: say --yes, there is no "
               << "terminal to ask at\n";
    return exit_code::usage;
  }
  complaints << printable(*name) << ' ' << question_of(o)->what
             << ". Type its name to go on: " << std::flush;
  std::string line;
  if (!std::getline(typed, line)) complaints << '\n';
  if (line == *name) return std::nullopt;
  complaints << "greenroom: that is not " << printable(*name) << "; nothing was done\n";
  return exit_code::refused;
}

}  // namespace greenroom::cli
