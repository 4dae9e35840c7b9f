// SPDX-License-Identifier: MIT
#include "net/webhook_routes.hpp"

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::net {

namespace {

using action = webhook_action::what;
using nlohmann::json;

constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t url_bytes_max = 2048;

expected<uuid> id_in(const asked& a, const char* part, const char* field) {
  const auto id = uuid::parse(a.path.at(part));
  if (!id) return invalid_field(field, std::string(field) + " must be a UUID");
  return *id;
}

expected<webhook_action> about(const asked& a, action kind) {
  webhook_action what;
  what.kind = kind;
  const auto room = id_in(a, "id", "room_id");
  if (!room) return tl::unexpected(room.error());
  what.room_id = *room;
  if (a.path.contains("hook")) {
    const auto hook = id_in(a, "hook", "webhook_id");
    if (!hook) return tl::unexpected(hook.error());
    what.hook_id = *hook;
  }
  if (a.path.contains("delivery")) {
    const auto delivery = id_in(a, "delivery", "delivery_id");
    if (!delivery) return tl::unexpected(delivery.error());
    what.delivery_id = *delivery;
  }
  return what;
}

plan act(expected<webhook_action> what, bool creates = false) {
  if (!what) return what.error();
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.webhook = std::move(*what);
  c.creates = creates;
  return c;
}

/// A text of at most so many bytes; empty when it is absent.
expected<std::string> text_in(const json& body, const char* name, std::size_t bytes_max) {
  const auto it = body.find(name);
  if (it == body.end() || it->is_null()) return std::string();
  if (!it->is_string()) return invalid_field(name, std::string(name) + " must be a text");
  auto text = it->get<std::string>();
  if (text.size() > bytes_max) return too_large(name, static_cast<std::int64_t>(bytes_max));
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
    return invalid_field(name, std::string(name) + " must be one line");
  }
  return text;
}

expected<std::uint8_t> events_in(const json& body) {
  const auto wrong = [] {
    return invalid_field("events",
                         "events is a list of some of message_received, "
                         "message_updated, room_event");
  };
  const auto it = body.find("events");
  if (it == body.end() || !it->is_array() || it->empty()) return wrong();
  std::uint8_t found = 0;
  for (const auto& one : *it) {
    const auto known = one.is_string() ? std::find(webhook_events.begin(), webhook_events.end(),
                                                   one.get_ref<const std::string&>())
                                       : webhook_events.end();
    if (known == webhook_events.end()) return wrong();
    found |= static_cast<std::uint8_t>(1U << (known - webhook_events.begin()));
  }
  return found;
}

}  // namespace

plan list_webhooks(const asked& a) {
  return act(about(a, action::list));
}

plan create_webhook(const asked& a) {
  auto what = about(a, action::create);
  if (!what) return what.error();
  auto name = text_in(a.body, "name", name_bytes_max);
  if (!name) return name.error();
  if (name->empty()) return invalid_field("name", "name is missing").value();
  what->name = std::move(*name);
  const auto kind = a.body.value("kind", json());
  if (kind == "incoming") return act(std::move(what), true);
  if (kind != "outgoing") {
    return invalid_field("kind", "kind is incoming or outgoing").value();
  }
  what->outgoing = true;
  auto url = text_in(a.body, "url", url_bytes_max);
  if (!url) return url.error();
  if (url->empty()) return invalid_field("url", "url is missing").value();
  what->url = std::move(*url);
  const auto events = events_in(a.body);
  if (!events) return events.error();
  what->events = *events;
  return act(std::move(what), true);
}

plan delete_webhook(const asked& a) {
  return act(about(a, action::remove));
}

plan resume_webhook(const asked& a) {
  return act(about(a, action::resume));
}

plan list_dead(const asked& a) {
  return act(about(a, action::dead));
}

plan replay_dead(const asked& a) {
  return act(about(a, action::replay));
}

plan post_to_hook(const asked& a) {
  const auto hook = id_in(a, "id", "webhook_id");
  if (!hook) return hook.error();
  // Which room it is for says the token; until then any id stands for it.
  json fields{{"room_id", id_namespace.str()}, {"message_type", "text"}};
  const auto content = a.body.find(a.body.contains("content") ? "content" : "text");
  if (content == a.body.end()) return invalid_field("text", "text is missing").value();
  fields["content"] = *content;
  if (const auto it = a.body.find("metadata"); it != a.body.end()) fields["metadata"] = *it;
  auto name = text_in(a.body, "username", name_bytes_max);
  if (!name) return name.error();
  auto p = call_of("send_message_request", fields, true);
  if (auto* c = std::get_if<planned_call>(&p)) {
    c->webhook.emplace();
    c->webhook->kind = action::post;
    c->webhook->hook_id = *hook;
    c->webhook->name = std::move(*name);
  }
  return p;
}

}  // namespace greenroom::net
