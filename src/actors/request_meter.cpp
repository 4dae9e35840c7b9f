// SPDX-License-Identifier: MIT
#include "actors/request_meter.hpp"

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "telemetry/metrics.hpp"

namespace greenroom::actors {

namespace {

/// The protocol's numbers begin with 1; 0 is what is in no table.
constexpr std::size_t table_rows_max = 64;
constexpr std::array<std::string_view, 9> others{"undecodable",    "account_action", "announcement",
                                                 "room_export",    "message_export", "room_restore",
                                                 "webhook_action", "authentication", "console"};
enum other : std::uint8_t {
  undecodable,
  account,
  announcement,
  room_export,
  message_export,
  room_restore,
  webhook,
  authentication,
  console
};
constexpr std::size_t kinds = table_rows_max + others.size();
constexpr std::size_t error_codes = static_cast<std::size_t>(ec::internal) + 1;
/// Behind the errors.
constexpr std::size_t ok_code = error_codes;

using counts = std::array<std::atomic<std::uint64_t>, error_codes + 1>;
std::array<counts, kinds> answers{};

constexpr request_kind kind_of_other(other which) noexcept {
  return static_cast<request_kind>(table_rows_max + which);
}

std::string_view name_of(std::size_t kind) {
  if (kind >= table_rows_max) return others[kind - table_rows_max];
  const auto table = protocol::request_table();
  return kind == 0 || kind > table.size() ? "unknown" : table[kind - 1].type;
}

std::string_view code_name(std::size_t code) {
  return code == ok_code ? "OK" : to_string(static_cast<ec>(code));
}

const char* class_of(std::size_t kind) {
  const auto table = protocol::request_table();
  if (kind == 0 || kind > table.size()) return "other";
  switch (table[kind - 1].rate) {
    case protocol::rate_class::none:
      return "heartbeat";
    case protocol::rate_class::login:
      return "login";
    case protocol::rate_class::read:
      return "read";
    case protocol::rate_class::write:
      return "write";
    case protocol::rate_class::signal:
      return "signal";
  }
  return "other";
}

/// By kind; looked up once.
struct times {
  times() {
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      by_kind[kind] = &telemetry::latency("greenroom_request_seconds",
                                          "From a request's arrival to its answer, errors included",
                                          {{"class", class_of(kind)}});
    }
  }
  static times& instance() {
    static times only;
    return only;
  }
  std::array<telemetry::histogram*, kinds> by_kind{};
  telemetry::histogram& acknowledged =
      telemetry::latency("greenroom_acknowledgement_seconds",
                         "From the arrival of a send_message_request to its message_ack");
};

}  // namespace

request_kind kind_of(const protocol::request& r) noexcept {
  const std::size_t number = protocol::row_of(r).number;
  return static_cast<request_kind>(number < table_rows_max ? number : 0);
}

request_kind kind_of(const net::http_call& c) noexcept {
  if (c.account) return kind_of_other(account);
  if (c.announcement) return kind_of_other(announcement);
  if (c.room_export) return kind_of_other(room_export);
  if (c.message_export) return kind_of_other(message_export);
  if (c.room_restore) return kind_of_other(room_restore);
  if (c.webhook) return kind_of_other(webhook);
  if (c.console) return kind_of_other(console);
  if (c.authenticate_only) return kind_of_other(authentication);
  return kind_of(c.request.data);
}

request_kind undecodable_kind() noexcept {
  return kind_of_other(undecodable);
}

void count_answer(request_kind kind, const protocol::answer_data& answer,
                  std::chrono::steady_clock::time_point received) {
  const auto row = static_cast<std::size_t>(kind);
  const auto* failure = std::get_if<error>(&answer);
  const auto code = failure == nullptr ? ok_code : static_cast<std::size_t>(failure->code);
  answers[row][code].fetch_add(1, std::memory_order_relaxed);
  const auto took = std::chrono::steady_clock::now() - received;
  auto& all = times::instance();
  all.by_kind[row]->observe(took);
  // Of messages only: other requests are answered with it too.
  static const auto send = kind_of(protocol::request(protocol::send_message_request{}));
  if (kind == send && failure == nullptr) all.acknowledged.observe(took);
}

std::vector<prometheus::MetricFamily> request_figures() {
  times::instance();  // exported before the first request
  using prometheus::MetricType;
  telemetry::family_builder requests(MetricType::Counter, "greenroom_requests_total",
                                     "Requests answered, by type and code");
  telemetry::family_builder errors(MetricType::Counter, "greenroom_request_errors_total",
                                   "Requests answered with an error, by code");
  std::array<std::uint64_t, error_codes> by_code{};
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    for (std::size_t code = 0; code <= ok_code; ++code) {
      const auto n = answers[kind][code].load(std::memory_order_relaxed);
      if (code != ok_code) by_code[code] += n;
      // Every type has its OK from the start, so that the first is seen as a change.
      const bool is_offered = kind > 0 && kind <= protocol::request_table().size();
      if (n == 0 && !(code == ok_code && is_offered)) continue;
      requests.add(static_cast<double>(n),
                   {{"type", std::string(name_of(kind))}, {"code", std::string(code_name(code))}});
    }
  }
  for (std::size_t code = 0; code < error_codes; ++code) {
    errors.add(static_cast<double>(by_code[code]), {{"code", std::string(code_name(code))}});
  }
  return {requests.take_family(), errors.take_family()};
}

}  // namespace greenroom::actors
