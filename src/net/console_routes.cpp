// SPDX-License-Identifier: MIT
#include "net/console_routes.hpp"

namespace greenroom::net {

namespace {

constexpr std::size_t verb_bytes_max = 64;
constexpr std::uint32_t timeout_default_ms = 5000;
constexpr std::uint32_t timeout_max_ms = 600'000;

}  // namespace

plan ask_console(const asked& a) {
  console_action wanted;
  const auto verb = a.body.find("verb");
  if (verb == a.body.end() || !verb->is_string()) {
    return invalid_field("verb", "verb must be a text").value();
  }
  wanted.verb = verb->get<std::string>();
  if (wanted.verb.empty() || wanted.verb.size() > verb_bytes_max) {
    return invalid_field("verb", "verb has 1 to " + std::to_string(verb_bytes_max) + " bytes")
        .value();
  }
  wanted.args = "{}";
  if (const auto args = a.body.find("args"); args != a.body.end() && !args->is_null()) {
    if (!args->is_object()) return invalid_field("args", "args must be an object").value();
    wanted.args = args->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  wanted.timeout_ms = timeout_default_ms;
  if (const auto ms = a.body.find("timeout_ms"); ms != a.body.end() && !ms->is_null()) {
    if (!ms->is_number_unsigned() || *ms > timeout_max_ms) {
      return invalid_field("timeout_ms", "timeout_ms is a whole number from 0 to " +
                                             std::to_string(timeout_max_ms))
          .value();
    }
    wanted.timeout_ms = ms->get<std::uint32_t>();
  }
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.console = std::move(wanted);
  return c;
}

}  // namespace greenroom::net
