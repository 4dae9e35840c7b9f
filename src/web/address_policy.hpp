// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which addresses this node connects to because somebody else says so. Whoever may name a URL must
/// not reach through it what he cannot reach himself: this machine, its networks, the metadata
/// service of its provider. Names say nothing, so what is judged is the address that a name was
/// resolved to, and the connection goes to exactly that one. Pure.

#include <span>
#include <string_view>

namespace greenroom::web {

/// What kind of address it is, if it is not a public one ("loopback", "private network", …); empty:
/// anybody may be sent there. 4 bytes or 16, in network order; other lengths are "no address".
/// IPv4 addresses inside of IPv6 ones (mapped, compatible, NAT64, 6to4, Teredo) are judged as what
/// they lead to.
std::string_view not_public(std::span<const unsigned char> address) noexcept;

}  // namespace greenroom::web
