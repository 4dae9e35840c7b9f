// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Commands and maps as bytes, in the log of shard 0, in its snapshot and between nodes: one
/// version byte, then a MessagePack array with the fields in the order of their declaration; uuids
/// and secrets are byte strings. A command is [number of the alternative, fields...].
///
/// Programs that do not know of pins read and keep them: the time of one (pinned_at) is in an id
/// that no node has, as the last of the shard's founders. Where nothing is pinned, a map is as it
/// was.
///
/// Decoding is for damaged input: lengths and depth are bounded before anything is allocated, the
/// whole text must be used, and a map that contradicts itself is refused.

#include <string>
#include <string_view>

#include "placement/cluster_map.hpp"

namespace greenroom::placement {

inline constexpr std::uint8_t codec_version = 3;
inline constexpr std::size_t encoded_bytes_max = 4 * 1024 * 1024;

std::string encode(const command& c);
std::string encode(const cluster_map& map);

/// INTERNAL with what is wrong.
expected<command> decode_command(std::string_view bytes);
expected<cluster_map> decode_map(std::string_view bytes);

}  // namespace greenroom::placement
