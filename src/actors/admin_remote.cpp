// SPDX-License-Identifier: MIT
/// What of the console goes only for whoever can open the socket of a node, and not for server
/// admins who ask over HTTP: what lets one act as somebody else, and rehearsed failures. No verb
/// takes the path of a file on the node.

#include "actors/admin.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// Of one verb.
constexpr std::int64_t tokens_max = 100;

bool is_more_than(const json& args, std::int64_t most) {
  const auto count = args.find("count");
  return count != args.end() && count->is_number_integer() && count->get<std::int64_t>() > most;
}

/// Whether it came over HTTP (session_console.cpp); other nodes pass on who asked.
bool is_from_afar(const json& request) {
  const auto by = request.find("by");
  return by != request.end() && by->is_object() && by->contains("user");
}

}  // namespace

std::string admin::not_from_afar(const admin_request& r, std::string_view verb, const json& args) {
  if (!is_from_afar(r.request)) {
    return {};
  }
  const char* why = nullptr;
  if (verb == "user reset-password") {
    why = "who knows a new password can act as somebody else";
  } else if (verb == "token issue" && args.value("scopes", "").empty()) {
    // Bots' tokens are issued by server admins over HTTP, too.
    why = "without scopes such a token is good for all that its user may do";
  } else if (verb == "token issue" && is_more_than(args, tokens_max)) {
    why = "so many tokens at once keep the node busy for long";
  } else if (verb == "chaos fail" || verb == "chaos kill" || verb == "chaos delay link") {
    why = "failures are rehearsed where they can be looked after";
  }
  return why == nullptr
             ? std::string()
             : std::string(verb) + " goes only at the socket of a node: " + std::string(why);
}

}  // namespace greenroom::actors
