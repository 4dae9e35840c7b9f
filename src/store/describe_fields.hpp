// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of records by name and as JSON, in the order of store/fields.hpp. For describe.cpp
/// alone: everything here has internal linkage.

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "protocol/chain.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/time.hpp"
#include "store/describe.hpp"
#include "store/fields.hpp"
#include "store/records.hpp"

namespace greenroom::store {
namespace {

using nlohmann::json;

// -- values --------------------------------------------------------------------------------------

/// Enumerators that are in no message of the protocol, in the order of their enums.
template <class E>
constexpr std::array<const char*, 0> own_names{};
template <>
constexpr std::array own_names<chat::user_room::standing>{"joined", "invited", "left"};
template <>
constexpr std::array own_names<chat::room_entry::what>{"message", "message_change", "membership"};
template <>
constexpr std::array own_names<chat::outbox_item::what>{
    "user_room",  "confirm_email", "release_email", "sweep_room",
    "sweep_user", "person_closed", "person_erased"};
template <>
constexpr std::array own_names<chat::webhook::what>{"incoming", "outgoing"};
template <>
constexpr std::array own_names<chat::outsider::standing>{"invited", "banned"};
template <>
constexpr std::array own_names<chat::restoration::what>{"none", "filling",  "people", "telling",
                                                        "done", "given_up", "erased"};

template <class T>
json as_json(const T& v);

json as_json(const uuid& v) {
  return v.is_nil() ? json() : json(v.str());
}
json as_json(const std::string& v) {
  return v;
}
json as_json(const json& v) {
  return v;
}
json as_json(const protocol::digest& v) {
  return v == protocol::digest{} ? json() : json(protocol::to_hex(v));
}
json as_json(const protocol::room_retention& v) {
  return {{"max_age_days", v.max_age_days ? json(*v.max_age_days) : json()},
          {"max_messages", v.max_messages ? json(*v.max_messages) : json()}};
}
json as_json(const std::optional<uuid>& v) {
  return v ? as_json(*v) : json();
}
json as_json(const std::vector<uuid>& v) {
  auto out = json::array();
  for (const auto& id : v)
    out.push_back(id.str());
  return out;
}
json as_json(const std::vector<protocol::reaction>& v) {
  auto out = json::array();
  for (const auto& r : v)
    out.push_back({{"emoji", r.emoji}, {"count", r.count}, {"user_ids", as_json(r.user_ids)}});
  return out;
}
json as_json(const chat::restoration& v) {
  if (v.is == chat::restoration::what::none) return {};
  return {{"is", own_names<chat::restoration::what>[static_cast<std::size_t>(v.is)]},
          {"from", as_json(v.from)},
          {"by", as_json(v.by)},
          {"at", format_time(v.at)},
          {"unproven", v.unproven},
          {"to", v.to},
          {"told", as_json(v.told)}};
}

/// Numbers and enums. The only signed numbers of records are times.
template <class T>
json as_json(const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v;
  } else if constexpr (protocol::named_enum<T>) {
    return std::string(protocol::enum_name(v));
  } else if constexpr (std::is_enum_v<T>) {
    return own_names<T>[static_cast<std::size_t>(v)];
  } else if constexpr (std::is_same_v<T, unix_ms>) {
    return v == 0 ? json() : json(format_time(v));
  } else {
    static_assert(std::is_unsigned_v<T>);
    return v;
  }
}

bool is_secret(std::string_view field) {
  return field == "password_hash" || field == "refresh_hash" || field == "previous_refresh_hash" ||
         field == "token_hash" || field == "secret";
}

/// Of where outgoing webhooks go only the server: what is behind it often is a secret.
std::string server_of_url(const std::string& url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = url.find_first_of("/?#", begin);
  auto host = url.substr(begin, end == std::string::npos ? end : end - begin);
  if (const auto at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  const auto server = url.substr(0, begin) + host;
  return end == std::string::npos ? server : server + "/" + std::string(secret_shown);
}

/// A secret that is not there is shown as that.
json shown(std::string_view field, json value) {
  const bool none = value.is_null() || (value.is_string() && value.get<std::string>().empty());
  if (is_secret(field) && !none) return std::string(secret_shown);
  if (field == "url" && !none) return server_of_url(value.get<std::string>());
  return value;
}

// -- the fields' names, as docs/storage.md has them -----------------------------------------------

template <class Record>
constexpr std::array<const char*, 0> names_of{};
template <>
constexpr std::array names_of<chat::user>{
    "username",  "display_name",  "avatar_url",  "email",  "role",    "password_hash", "created_at",
    "last_seen", "rooms_version", "deactivated", "erased", "leaving", "told_room"};
template <>
constexpr std::array names_of<chat::session>{"device_id",
                                             "address",
                                             "created_at",
                                             "last_used_at",
                                             "expires_at",
                                             "refresh_hash",
                                             "previous_refresh_hash",
                                             "rotated_by",
                                             "successor_used",
                                             "revoked",
                                             "scopes",
                                             "rooms"};
template <>
constexpr std::array names_of<chat::user_room>{"state", "entry_seq", "partner"};
template <>
constexpr std::array names_of<chat::email_reservation>{"user_id", "reserved_at", "confirmed"};
template <>
constexpr std::array names_of<chat::room>{"name",          "type",         "created_by",
                                          "created_at",    "created_with", "last_message_at",
                                          "last_seq",      "member_count", "owner_count",
                                          "first_members", "alias",        "description",
                                          "topic",         "is_private",   "archived",
                                          "deleted",       "retention",    "swept_seq",
                                          "purged_seq",    "chain_from",   "message_count",
                                          "chain",         "anchor",       "restored",
                                          "everybody"};
template <>
constexpr std::array names_of<chat::member>{"role", "joined_at", "joined_seq", "delivered_seq",
                                            "read_seq"};
template <>
constexpr std::array names_of<chat::outsider>{"is", "role", "by", "since", "entry_seq"};
template <>
constexpr std::array names_of<chat::message>{
    "sender_id",  "created_at", "message_uuid", "message_id",  "content",   "type",
    "metadata",   "reply_to",   "thread",       "mentions",    "pinned",    "edited_at",
    "deleted_at", "reactions",  "edited_seq",   "deleted_seq", "pinned_seq"};
template <>
constexpr std::array names_of<chat::reaction_mark>{"user_id", "emoji", "seq", "present"};
template <>
constexpr std::array names_of<chat::device_mark>{"number", "raft_term"};
template <>
constexpr std::array names_of<chat::room_entry>{
    "entry_kind", "time",  "by",      "message_seq", "change",
    "emoji",      "event", "user_id", "digest",      "content_digest"};
template <>
constexpr std::array names_of<chat::webhook>{
    "webhook_kind", "name",      "created_by", "created_at",    "token_hash",
    "url",          "secret",    "events",     "delivered_seq", "failures",
    "paused",       "paused_at", "last_error", "dead_dropped",  "maker_gone"};
template <>
constexpr std::array names_of<chat::dead_delivery>{"seq",    "given_up_at", "attempts",
                                                   "status", "failure",     "replay"};
template <>
constexpr std::array names_of<chat::dedup>{"time",      "fingerprint", "seq",        "raft_term",
                                           "object_id", "room_id",     "object_time"};
template <>
constexpr std::array names_of<chat::outbox_item>{"target",         "outbox_kind",  "user_id",
                                                 "line_user_id",   "line_room_id", "line_state",
                                                 "line_entry_seq", "line_partner"};
template <>
constexpr std::array names_of<hard_state>{"term", "voted_for"};
template <>
constexpr std::array names_of<progress>{"applied", "clock", "last_outbox_id"};

template <class Record>
void put_fields(json& to, const Record& v) {
  const auto tied = fields(v);
  constexpr auto& names = names_of<Record>;
  static_assert(std::tuple_size_v<decltype(tied)> == names.size(), "each field has its name");
  std::size_t i = 0;
  std::apply(
      [&](const auto&... field) { ((to[names[i]] = shown(names[i], as_json(field)), ++i), ...); },
      tied);
}

}  // namespace
}  // namespace greenroom::store
