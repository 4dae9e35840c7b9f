// SPDX-License-Identifier: MIT
#include "raft/map_record.hpp"

#include <utility>

#include "placement/codec.hpp"
#include "raft/bytes.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint8_t record_version = 1;

}  // namespace

std::string encode_map_record(std::uint64_t applied, const placement::cluster_map& map) {
  std::string out;
  put(out, record_version);
  put(out, applied);
  out += placement::encode(map);
  return out;
}

expected<map_record> decode_map_record(std::string_view value) {
  byte_reader in(value);
  if (in.get<std::uint8_t>() != record_version) {
    return fail(ec::internal, "the record of the cluster map has an unknown version");
  }
  map_record r;
  r.applied = in.get<std::uint64_t>();
  auto map = placement::decode_map(in.take(in.left()));
  if (!map) return tl::unexpected(map.error());
  r.map = std::move(*map);
  return r;
}

server_id server_of(const uuid& node) noexcept {
  std::uint64_t h = 14695981039346656037ULL;
  for (const auto byte : node.bytes) {
    h = (h ^ byte) * 1099511628211ULL;
  }
  return h == 0 ? 1 : h;
}

}  // namespace greenroom::raft
