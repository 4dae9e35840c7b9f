// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Documents compressed for WebSockets (permessage-deflate, RFC 7692), each by itself: the server
/// takes no context over from one to the next, so what is compressed once fits every receiver that
/// has agreed to it. Memory is a compressor for each thread that has ever needed one (260 KiB).

#include <optional>
#include <string>
#include <string_view>

namespace greenroom::net {

/// The payload of a frame with RSV1 set (RFC 7692 section 7.2.1). Empty when it would not be
/// shorter than the document.
std::optional<std::string> deflate_document(std::string_view document);

/// Whether a client with whom these extensions were agreed on (the value of the answer's
/// Sec-WebSocket-Extensions) can read what deflate_document() makes: it may look back 32 KiB.
bool reads_deflated(std::string_view agreed_extensions);

/// The window, in bits, that a client is asked to compress with: what the server holds for each
/// client that compresses. Only who offered to let the server choose can be asked; others use 15.
int client_window_bits(std::string_view offered_extensions);

}  // namespace greenroom::net
