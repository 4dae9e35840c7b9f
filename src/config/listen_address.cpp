// SPDX-License-Identifier: MIT
#include "config/listen_address.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace greenroom::config {

bool is_ip(std::string_view text) {
  const std::string copy{text};
  in6_addr parsed{};  // large enough for both
  return ::inet_pton(AF_INET, copy.c_str(), &parsed) == 1 ||
         ::inet_pton(AF_INET6, copy.c_str(), &parsed) == 1;
}

std::optional<listen_address> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto address = text.substr(0, colon);
  const bool brackets = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (brackets) address = address.substr(1, address.size() - 2);
  if (!is_ip(address) || (address.find(':') != std::string_view::npos) != brackets) {
    return std::nullopt;
  }
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return listen_address{std::string(address), port};
}

}  // namespace greenroom::config
