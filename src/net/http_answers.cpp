// SPDX-License-Identifier: MIT
#include "net/http_answers.hpp"

#include <fmt/format.h>

#include <ctime>

#include "net/api_documents.hpp"
#include "protocol/rate_refusal.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::net {

namespace {

using nlohmann::ordered_json;

constexpr std::string_view root_html = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>greenroom</title></head>
<body><h1>greenroom</h1>
<p>A chat node is running here. Talk to it with <code>greenroom chat</code>, over WebSocket at
<code>/ws</code> or over HTTP under <a href="/api">/api</a>.</p>
<ul><li><a href="/health">/health</a></li><li><a href="/metrics">/metrics</a></li></ul>
</body></html>
)";

response make(int status, std::string type, std::string body) {
  response r;
  r.result(static_cast<unsigned>(status));
  r.set(http::field::server, "greenroom");
  r.set(http::field::date, http_date());
  if (!type.empty()) r.set(http::field::content_type, type);
  r.set("X-Content-Type-Options", "nosniff");
  r.set(http::field::cache_control, "no-store");
  if (type.starts_with("text/html")) {
    r.set("Content-Security-Policy",
          "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'");
  } else {
    r.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
  r.set("Referrer-Policy", "no-referrer");
  r.body() = std::move(body);
  return r;
}

response enveloped(int status, bool success, ordered_json data, ordered_json failure,
                   unix_ms timestamp, const std::optional<uuid>& request_id) {
  static thread_local uuid_generator ids;
  const ordered_json document{
      {"success", success},
      {"data", std::move(data)},
      {"error", std::move(failure)},
      {"timestamp", format_time(timestamp)},
      {"request_id", request_id.value_or(ids(timestamp)).str()},
  };
  return make(status, "application/json",
              document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// What repeats a request has another name here; reads have none.
error in_words_of_http(error e) {
  constexpr std::string_view name = "message_id";
  constexpr std::string_view key = "Idempotency-Key";
  constexpr std::string_view repeat = "repeat with the same message_id";
  if (const auto at = e.message.find(repeat); at != std::string::npos) {
    e.message.replace(at, repeat.size(),
                      "repeat it, and what changes something with the same Idempotency-Key");
  }
  if (const auto at = e.message.find(name); at != std::string::npos) {
    e.message.replace(at, name.size(), key);
  }
  if (e.details.field == name) e.details.field = key;
  return e;
}

}  // namespace

response answer_error(const error& e, const std::optional<uuid>& request_id) {
  auto r = enveloped(http_status(e.code), false, nullptr,
                     protocol::error_to_json(in_words_of_http(e)), now_ms(), request_id);
  if (e.code == ec::rate_limit || e.code == ec::unavailable) {
    const auto wait_ms = e.details.retry_after_ms.value_or(1000);
    r.set(http::field::retry_after, std::to_string((wait_ms + 999) / 1000));
  }
  if (e.code == ec::unauthorized || e.code == ec::invalid_credentials) {
    r.set(http::field::www_authenticate, "Bearer");
  }
  return r;
}

response answer_error(int status, const error& e, const std::optional<uuid>& request_id) {
  auto r = answer_error(e, request_id);
  r.result(static_cast<unsigned>(status));
  return r;
}

error connects_too_often(std::uint32_t per_minute) {
  return rate_refusal("too many connections per minute from this address",
                      "limits.connects_per_minute_per_address", 60'000 / std::max(1U, per_minute));
}

error too_many_connections() {
  return rate_refusal("too many open connections from this address",
                      "limits.connections_per_address", 1000);
}

response answer_call(const protocol::answer_envelope& a, bool creates,
                     const std::optional<std::string>& echo) {
  if (const auto* failure = std::get_if<error>(&a.data)) {
    return answer_error(*failure, a.correlation_id);
  }
  if (echo) {
    return make(200, "application/json", *echo);
  }
  if (const auto* part = std::get_if<protocol::room_export_response>(&a.data)) {
    auto r = make(200, "application/x-ndjson", part->lines);
    if (!part->next.empty()) r.set(http::field::link, "<?" + part->next + ">; rel=\"next\"");
    return r;
  }
  return enveloped(creates && !a.duplicate ? 201 : 200, true,
                   protocol::answer_to_json(a.data, a.duplicate), nullptr, a.timestamp,
                   a.correlation_id);
}

response answer_console(const protocol::answer_envelope& a) {
  if (const auto* said = std::get_if<protocol::room_export_response>(&a.data)) {
    return make(200, "application/json", said->lines);
  }
  return answer_call(a, false, {});
}

response answer_no_route(const no_route& r, const std::optional<uuid>& request_id) {
  if (r.options && !r.allowed.empty()) {
    auto out = make(204, "", {});
    out.set(http::field::allow, r.allowed);
    return out;
  }
  if (r.allowed.empty()) {
    return answer_error(404,
                        {r.api ? ec::unknown_message : ec::file_not_found,
                         "there is no such path; GET /api lists those there are",
                         {}},
                        request_id);
  }
  error e{ec::invalid_message, "this path takes " + r.allowed, {}};
  e.details.field = "method";
  auto out = answer_error(405, e, request_id);
  out.set(http::field::allow, r.allowed);
  return out;
}

response answer_page(const node_pages& pages, own_page which, bool as_json) {
  const auto from = [](const std::function<page()>& source) {
    if (!source) return answer_error({ec::unavailable, "there is no such page now", {}}, {});
    try {
      auto p = source();
      return make(p.status, p.content_type, std::move(p.body));
    } catch (const std::exception& e) {
      telemetry::log_seldom({.component = "net", .level = spdlog::level::err, .key = "page"},
                            "a page failed: {}", e.what());
      return answer_error({ec::internal, "this page could not be made", {}}, {});
    }
  };
  switch (which) {
    case own_page::health:
      return from(pages.health);
    case own_page::health_live:
      return from(pages.health_live);
    case own_page::health_ready:
      return from(pages.health_ready);
    case own_page::metrics:
      return from(pages.metrics);
    case own_page::openapi:
      return make(200, "application/json", std::string(openapi_document()));
    case own_page::asyncapi:
      return make(200, "application/json", std::string(asyncapi_document()));
    case own_page::root:
      if (!as_json) {
        return make(200, "text/html; charset=utf-8", std::string(root_html));
      }
      break;
    case own_page::api:
      break;
  }
  return enveloped(
      200, true,
      {{"message", "greenroom chat node"}, {"version", pages.version}, {"endpoints", endpoints()}},
      nullptr, now_ms(), {});
}

std::string http_date() {
  // Made once a second. Not by strftime(), whose names follow the locale.
  static thread_local std::time_t made_at = -1;
  static thread_local std::string text;
  const auto now = std::time(nullptr);
  if (now == made_at) return text;
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  text = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[utc.tm_wday], utc.tm_mday,
                     months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  made_at = now;
  return text;
}

bool wants_json(const http::request<http::string_body>& r) {
  const auto accept = r[http::field::accept];
  return accept.find("application/json") != beast::string_view::npos &&
         accept.find("text/html") == beast::string_view::npos;
}

std::optional<std::string> bearer_of(const http::request<http::string_body>& r) {
  const auto value = r[http::field::authorization];
  if (value.size() <= 7 || !beast::iequals(value.substr(0, 7), "bearer ")) return std::nullopt;
  return std::string(value.substr(7));
}

}  // namespace greenroom::net
