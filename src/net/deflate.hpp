// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// permessage-deflate (RFC 7692): what is agreed on, and documents compressed and read, each by
/// itself: neither side takes a context over from one to the next, so what is compressed once fits
/// every receiver that has agreed to it, and no connection needs memory of its own. Memory is a
/// compressor (260 KiB) and a decompressor (45 KiB) for each thread that has ever needed one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace greenroom::net {

/// The payload of a frame with RSV1 set (RFC 7692 section 7.2.1). Empty when it would not be
/// shorter than the document.
std::optional<std::string> deflate_document(std::string_view document);

enum class inflate_failure : std::uint8_t { too_long, broken };
/// What such a payload stands for (section 7.2.2), whatever the window was. Gives up once it is
/// longer than `bytes_max`.
tl::expected<std::string, inflate_failure> inflate_document(std::string_view payload,
                                                            std::size_t bytes_max);

struct deflate_agreement {
  std::string answer;  ///< the value of the answer's Sec-WebSocket-Extensions
  /// The client can read what deflate_document() makes: it may look back 32 KiB.
  bool reads_deflated = false;
};
/// With a client that offers these extensions (RFC 6455 section 9.1, RFC 7692 section 7.1); nothing
/// when there is no permessage-deflate among them, or one that says what it must not.
std::optional<deflate_agreement> agree_on_deflate(std::string_view offered_extensions);

}  // namespace greenroom::net
