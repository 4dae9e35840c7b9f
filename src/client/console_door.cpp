// SPDX-License-Identifier: MIT
#include "client/console_door.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <thread>

#include "client/http.hpp"

namespace greenroom::client {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::string_view secure = "https://";
constexpr std::string_view plain = "http://";
constexpr std::uint16_t https_port = 443;
/// What the answer itself may take longer than the node was told to.
constexpr auto grace = 1000ms;
constexpr auto pause_default = 1000ms;
constexpr auto pause_min = 50ms;

bool is_this_machine(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code is_name;
  const auto address = boost::asio::ip::make_address(host, is_name);
  return !is_name && address.is_loopback();
}

tl::unexpected<admin_error> failed(std::string code, std::string message) {
  return tl::unexpected(admin_error{std::move(code), std::move(message)});
}

/// Of the node's envelope, or of what stands in front of it.
std::string reason_in(const json& document, int status) {
  const auto why =
      document.is_object() ? document.value("/error/message"_json_pointer, json()) : json();
  return why.is_string() ? why.get<std::string>() : "the answer was " + std::to_string(status);
}

std::chrono::milliseconds pause_in(const json& document) {
  const auto ms = document.is_object()
                      ? document.value("/error/details/retry_after_ms"_json_pointer, json())
                      : json();
  if (!ms.is_number_integer()) return pause_default;
  return std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(ms.get<std::int64_t>()),
                                               pause_min, 60'000ms);
}

const char* code_of(int status) {
  switch (status) {
    case 400:
    case 413:
      return "usage";
    case 401:
    case 403:
    case 429:
      return "refused";
    case 502:
    case 503:
      return "unreachable";
    case 504:
      return "timeout";
    default:
      return "failure";
  }
}

/// The answer of the socket, as it stands in the body.
tl::expected<json, admin_error> result_in(const json& answer) {
  if (!answer.is_object() || !answer.contains("ok")) {
    return failed("failure", "the node sent something that is no answer");
  }
  if (answer["ok"] == true) return answer;
  const auto text = [&](const json::json_pointer& where, const char* otherwise) {
    const auto found = answer.value(where, json());
    return found.is_string() ? found.get<std::string>() : std::string(otherwise);
  };
  return failed(text("/error/code"_json_pointer, "failure"),
                text("/error/message"_json_pointer, "the node gave no reason"));
}

}  // namespace

bool is_node_url(std::string_view text) noexcept {
  return text.starts_with(secure) || text.starts_with(plain);
}

expected<console_door> door_at(std::string_view url) {
  console_door door;
  door.is_remote = true;
  door.tls = url.starts_with(secure);
  auto rest = url.substr(door.tls ? secure.size() : plain.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // What is in front of an @ may be a password, which is not repeated.
  if (rest.find('@') != std::string_view::npos) {
    return fail(ec::invalid_message, "a node's URL has no names, passwords or tokens in it");
  }
  auto node = split_node(rest);
  if (!node) return unexpected(node.error());
  const auto bracket = rest.find(']');
  const bool has_port =
      rest.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  if (door.tls && !has_port) node->port = https_port;
  door.node = std::move(*node);
  if (!door.tls && !is_this_machine(door.node.host)) {
    return fail(ec::forbidden,
                "over http:// only this machine is asked, because the token travels "
                "in the clear: use https://");
  }
  return door;
}

tl::expected<json, admin_error> ask_admin(const console_door& door, const std::string& verb,
                                          const json& args, std::chrono::milliseconds timeout) {
  if (!door.is_remote) return ask_admin(door.socket, verb, args, timeout);
  if (door.token.empty()) {
    return failed("refused",
                  "a server admin's token is needed: --token-file FILE or "
                  "GREENROOM_TOKEN");
  }
  const auto deadline = clock::now() + timeout + grace;
  const auto left = [&] {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
  };
  const json request{{"verb", verb}, {"args", args}, {"timeout_ms", timeout.count()}};
  for (;;) {
    const auto answer =
        ask_http(door.node, {.method = "POST",
                             .target = "/api/admin/console",
                             .token = door.token,
                             .body = request.dump(-1, ' ', false, json::error_handler_t::replace),
                             .timeout = std::max<std::chrono::milliseconds>(left(), 1ms),
                             .tls = door.tls,
                             .ca_file = door.ca_file});
    if (!answer && answer.error().code == ec::invalid_message) {
      return failed("usage", answer.error().message);
    }
    if (!answer) {
      return failed(left() <= 0ms ? "timeout" : "unreachable", answer.error().message);
    }
    const auto document = json::parse(answer->body, nullptr, false);
    if (answer->status == 200) return result_in(document);
    if (answer->status == 429 && pause_in(document) < left()) {
      std::this_thread::sleep_for(pause_in(document));
      continue;
    }
    return failed(code_of(answer->status), reason_in(document, answer->status));
  }
}

}  // namespace greenroom::client
