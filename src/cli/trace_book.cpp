// SPDX-License-Identifier: MIT
#include "cli/trace_book.hpp"

#include <algorithm>
#include <cmath>

#include "cli/text.hpp"
#include "protocol/time.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

std::string text_in(const json& row, const char* field) {
  const auto it = row.find(field);
  return it != row.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::int64_t number_in(const json& row, const char* field) {
  const auto it = row.find(field);
  return it != row.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

/// To a hundredth: clocks of nodes are not known any better.
double in_ms(std::int64_t us) {
  return std::round(static_cast<double>(us) / 10.0) / 100.0;
}

}  // namespace

void trace_book::take(const json& rows, clock::time_point now) {
  if (!rows.is_array()) return;
  for (const auto& row : rows) {
    if (!row.is_object() || text_in(row, "hop").empty()) continue;
    auto& e = entries_[{text_in(row, "user"), text_in(row, "message")}];
    if (e.given) continue;
    if (e.hops.empty()) e.heard = now;
    e.hops.push_back(row);
  }
}

bool trace_book::is_wanted(const entry& e) const {
  return connection_.empty() || std::ranges::any_of(e.hops, [&](const json& row) {
           return text_in(row, "connection") == connection_;
         });
}

std::vector<json> trace_book::give(clock::time_point then) {
  std::vector<json> found;
  std::vector<std::pair<std::int64_t, decltype(entries_)::iterator>> due;
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    auto& e = it->second;
    if (e.given || e.heard > then || !is_wanted(e)) continue;
    std::stable_sort(e.hops.begin(), e.hops.end(), [](const json& a, const json& b) {
      return number_in(a, "time_us") < number_in(b, "time_us");
    });
    due.emplace_back(number_in(e.hops.front(), "time_us"), it);
  }
  std::ranges::sort(due, {}, [](const auto& d) { return d.first; });
  for (auto& [began, it] : due) {
    if (left_ == 0) break;
    --left_;
    auto& e = it->second;
    json hops = json::array();
    for (const auto& row : e.hops) {
      hops.push_back({{"at_ms", in_ms(number_in(row, "time_us") - began)},
                      {"hop", text_in(row, "hop")},
                      {"node", text_in(row, "node")},
                      {"receivers", row.value("receivers", json())},
                      {"clock_error_ms", in_ms(number_in(row, "clock_error_us"))}});
    }
    found.push_back({{"message", it->first.second},
                     {"user", it->first.first},
                     {"room", text_in(e.hops.front(), "room")},
                     {"time", format_time(began / 1000)},
                     {"hops", std::move(hops)}});
    e.given = true;
    e.hops.clear();
  }
  return found;
}

std::string trace_text(const json& message, bool headers, const table_style& style) {
  return "message " + printable(text_in(message, "message")) + " of " +
         printable(text_in(message, "user")) + " in " + printable(text_in(message, "room")) +
         " at " + printable(text_in(message, "time")) + '\n' +
         format_table({"at_ms", "hop", "node", "receivers", "clock_error_ms"},
                      message.value("hops", json::array()), headers, style);
}

json past_in(const json& rows) {
  if (!rows.is_array()) return {};
  for (const auto& row : rows) {
    if (!row.is_object() || !row.contains("past") || !row["past"].is_object()) continue;
    auto past = row["past"];
    past["hops"] = json::array();
    return past;
  }
  return {};
}

std::string past_text(const json& past, bool headers, const table_style& style) {
  auto rows = json::array();
  for (const auto* field : {"id", "username", "alias", "shard", "seq", "term", "deleted"}) {
    rows.push_back({{"field", field}, {"value", past.value(field, json())}});
  }
  const auto replicas = past.value("replicas", json::object());
  for (const auto& [node, state] : replicas.items()) {
    rows.push_back({{"field", "replica on " + node}, {"value", state}});
  }
  return "message " + printable(text_in(past, "message")) + " of " +
         printable(text_in(past, "user")) + " in " + printable(text_in(past, "room")) + " at " +
         printable(text_in(past, "time")) +
         "\nIt was sent before this trace began; its way is not known any more.\n" +
         format_table({"field", "value"}, rows, headers, style);
}

}  // namespace greenroom::cli
