// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Raft messages as bytes between replicas: version, kind, fixed-width big-endian fields, entries
/// with their content. Nothing here allocates more than the bytes that came.

#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "raft/message.hpp"
#include "raft/rest.hpp"
#include "raft/transfer.hpp"

namespace greenroom::raft {

/// What one message may carry; senders split, receivers refuse more.
struct wire_limits {
  static constexpr std::size_t entries_max = 4096;
  static constexpr std::size_t entry_bytes_max = 1 << 20;
  static constexpr std::size_t message_bytes_max = 4 << 20;
  static constexpr std::size_t position_bytes_max = 64;
  static constexpr std::size_t piece_bytes_max = 1 << 20;  ///< what may be asked for
};

std::string encode(const message& m);
/// Refuses damage, and what no correct replica sends: terms of entries that fall or exceed the
/// message's, a configuration that is not the first entry, a content beyond the limits.
expected<message> decode_message(std::string_view bytes);

std::string encode(const rest_word& w);
/// Empty: it is another message, or damaged.
std::optional<rest_word> decode_rest(std::string_view bytes);

std::string encode(const transfer_message& m);
expected<transfer_message> decode_transfer(std::string_view bytes);

}  // namespace greenroom::raft
