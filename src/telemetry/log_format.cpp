// SPDX-License-Identifier: MIT
#include "telemetry/log_format.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>

#include "protocol/time.hpp"

namespace greenroom::telemetry {

namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

constexpr char request_mark = '\x1e';

struct parts {
  std::string_view message;
  std::string_view request;  ///< empty: it belongs to none
};

parts parts_of(const spdlog::details::log_msg& msg) {
  const std::string_view all{msg.payload.data(), msg.payload.size()};
  const auto mark = all.rfind(request_mark);
  if (mark == std::string_view::npos) return {all, {}};
  return {all.substr(0, mark), all.substr(mark + 1)};
}

class text_lines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const std::string_view payload{msg.payload.data(), msg.payload.size()};
    if (std::ranges::none_of(payload, is_control)) return pattern_.format(msg, out);
    const auto [message, request] = parts_of(msg);
    auto clean = without_controls(message);
    if (!request.empty()) clean += fmt::format(" (request {})", without_controls(request));
    auto copy = msg;
    copy.payload = spdlog::string_view_t{clean.data(), clean.size()};
    pattern_.format(copy, out);
    // The sink colours the level of the message it holds.
    msg.color_range_start = copy.color_range_start;
    msg.color_range_end = copy.color_range_end;
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<text_lines>();
  }

 private:
  spdlog::pattern_formatter pattern_{"%Y-%m-%d %H:%M:%S.%e %^%-5l%$ %n: %v"};
};

class json_lines final : public spdlog::formatter {
 public:
  explicit json_lines(std::string node) : node_(std::move(node)) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    using std::chrono::duration_cast;
    const auto ms = duration_cast<std::chrono::milliseconds>(msg.time.time_since_epoch()).count();
    const auto level = spdlog::level::to_string_view(msg.level);
    nlohmann::ordered_json line;
    line["time"] = format_time(ms);
    line["level"] = std::string(level.data(), level.size());
    line["component"] = std::string(msg.logger_name.data(), msg.logger_name.size());
    if (!node_.empty()) line["node"] = node_;
    line["thread"] = msg.thread_id;
    const auto [message, request] = parts_of(msg);
    if (!request.empty()) line["request_id"] = std::string(request);
    line["message"] = std::string(message);
    const auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_lines>(node_);
  }

 private:
  std::string node_;
};

}  // namespace

std::string with_request(std::string_view message, std::string_view request) {
  std::string out(message);
  if (!request.empty() || message.find(request_mark) != std::string_view::npos) {
    out += request_mark;
    out += request;
  }
  return out;
}

std::unique_ptr<spdlog::formatter> text_formatter() {
  return std::make_unique<text_lines>();
}

std::unique_ptr<spdlog::formatter> json_formatter(std::string node) {
  return std::make_unique<json_lines>(std::move(node));
}

}  // namespace greenroom::telemetry
