// SPDX-License-Identifier: MIT
#include "net/member_routes.hpp"

namespace greenroom::net {

namespace {

using nlohmann::json;

/// Of oneself (`me`, or one's own id, which only the session knows) it is another request.
plan about_member(const asked& a, std::string_view type, json fields) {
  const auto& user = a.path.at("user_id");
  fields["room_id"] = a.path.at("id");
  fields["user_id"] = user == "me" ? uuid{}.str() : user;
  auto p = call_of(type, fields);
  if (auto* c = std::get_if<planned_call>(&p)) {
    c->subject = user == "me" ? uuid{} : uuid::parse(user);
  }
  return p;
}

}  // namespace

plan put_member(const asked& a) {
  json fields = json::object();
  if (const auto role = a.body.find("role"); role != a.body.end()) {
    fields["role"] = *role;
  }
  return about_member(a, "invite_request", std::move(fields));
}
plan delete_member(const asked& a) {
  json fields = json::object();
  if (const auto ban = a.query.find("ban"); ban != a.query.end()) {
    if (ban->second != "true" && ban->second != "false") {
      return invalid_field("ban", "ban must be true or false").value();
    }
    fields["ban"] = ban->second == "true";
  }
  return about_member(a, "remove_member_request", std::move(fields));
}
plan unban(const asked& a) {
  return call_of("unban_request",
                 {{"room_id", a.path.at("id")}, {"user_id", a.path.at("user_id")}});
}

}  // namespace greenroom::net
