// SPDX-License-Identifier: MIT
#include "web/address_policy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace greenroom::web {

namespace {

struct range {
  std::array<unsigned char, 16> prefix;
  unsigned bits;
  std::string_view name;
};

// The registries of special addresses of IANA (RFC 6890 and later).
constexpr range ranges4[] = {
    {{0}, 8, "this network"},
    {{10}, 8, "private network"},
    {{100, 64}, 10, "shared by providers"},
    {{127}, 8, "loopback"},
    {{169, 254}, 16, "link-local"},  // also 169.254.169.254, where providers tell secrets
    {{172, 16}, 12, "private network"},
    {{192, 0, 0}, 24, "reserved"},
    {{192, 0, 2}, 24, "documentation"},
    {{192, 31, 196}, 24, "reserved"},
    {{192, 52, 193}, 24, "reserved"},
    {{192, 88, 99}, 24, "reserved"},
    {{192, 168}, 16, "private network"},
    {{192, 175, 48}, 24, "reserved"},
    {{198, 18}, 15, "benchmarks"},
    {{198, 51, 100}, 24, "documentation"},
    {{203, 0, 113}, 24, "documentation"},
    {{224}, 4, "multicast"},
    {{240}, 4, "reserved"},  // also 255.255.255.255
};

// Outside of 2000::/3 nothing is public; inside of it these are not.
constexpr range ranges6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23, "reserved"},  // Teredo is looked into first
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x3f, 0xff, 0x00}, 20, "documentation"},
};

template <std::size_t N>
bool begins_with(std::span<const unsigned char> address, const std::array<unsigned char, N>& prefix,
                 unsigned bits) {
  for (unsigned i = 0; i * 8 < bits; ++i) {
    const unsigned left = std::min(8U, bits - i * 8);
    const auto mask = static_cast<unsigned char>(0xff << (8 - left));
    if ((address[i] & mask) != (prefix[i] & mask)) return false;
  }
  return true;
}

std::string_view not_public4(std::span<const unsigned char> address) {
  for (const auto& r : ranges4)
    if (begins_with(address, r.prefix, r.bits)) return r.name;
  return {};
}

using bytes16 = std::array<unsigned char, 16>;

std::string_view not_public6(std::span<const unsigned char> a) {
  const auto in = [&](const bytes16& prefix, unsigned bits) {
    return begins_with(a, prefix, bits);
  };
  if (in({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 128)) return "unspecified";
  if (in({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128)) return "loopback";
  const auto leads_to = [&](std::size_t at) -> std::string_view {
    const auto inner = not_public4(a.subspan(at, 4));
    return inner.empty() ? "a way to an IPv4 address" : inner;
  };
  if (in({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96)) {
    // A socket of the other family would go to the same place; nobody needs to write it so.
    return leads_to(12);
  }
  if (in({0}, 96)) return leads_to(12);  // IPv4-compatible, long gone
  if (in({0, 0x64, 0xff, 0x9b}, 96)) return not_public4(a.subspan(12, 4));  // NAT64
  if (in({0, 0x64, 0xff, 0x9b, 0, 1}, 48)) return "private network";        // NAT64, local
  if (in({0x20, 0x02}, 16)) return leads_to(2);                             // 6to4
  if (in({0x20, 0x01, 0, 0}, 32)) return "a tunnel";                        // Teredo
  if (in({0xfe, 0x80}, 10)) return "link-local";
  if (in({0xfe, 0xc0}, 10)) return "private network";  // site-local, long gone
  if (in({0xfc}, 7)) return "private network";
  if (in({0xff}, 8)) return "multicast";
  if (!in({0x20}, 3)) return "reserved";
  for (const auto& r : ranges6)
    if (in(r.prefix, r.bits)) return r.name;
  return {};
}

}  // namespace

std::string_view not_public(std::span<const unsigned char> address) noexcept {
  if (address.size() == 4) return not_public4(address);
  if (address.size() == 16) return not_public6(address);
  return "no address";
}

}  // namespace greenroom::web
