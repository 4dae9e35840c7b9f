// SPDX-License-Identifier: MIT
#include "store/keys.hpp"

#include <cassert>
#include <cstring>

namespace greenroom::store {

namespace {

template <class Number>
void put_big_endian(char* to, Number v) noexcept {
  for (std::size_t i = sizeof v; i-- > 0; v = static_cast<Number>(std::uint64_t{v} >> 8))
    to[i] = static_cast<char>(v & 0xff);
}

/// Takes parts from the front; remembers whether there was enough.
class parts {
 public:
  explicit parts(std::string_view bytes) noexcept : left_(bytes) {}

  template <class Number>
  Number number() noexcept {
    std::uint64_t v = 0;
    for (char c : take(sizeof(Number)))
      v = v << 8 | static_cast<unsigned char>(c);
    return static_cast<Number>(v);
  }

  uuid id() noexcept {
    auto raw = take(16);
    return raw.size() == 16 ? uuid::from_raw(raw) : uuid{};
  }

  scope where() noexcept {
    scope at;
    at.shard = number<std::uint16_t>();
    at.generation = number<std::uint32_t>();
    return at;
  }

  /// The whole key was as long as its parts.
  [[nodiscard]] bool fits() const noexcept { return enough_ && left_.empty(); }

 private:
  std::string_view take(std::size_t n) noexcept {
    if (left_.size() < n) {
      enough_ = false;
      return {};
    }
    auto taken = left_.substr(0, n);
    left_.remove_prefix(n);
    return taken;
  }

  std::string_view left_;
  bool enough_ = true;
};

constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

/// Larger times give smaller numbers, negative ones included.
constexpr std::uint64_t descending(unix_ms time) noexcept {
  return ~(static_cast<std::uint64_t>(time) ^ sign_bit);
}

constexpr unix_ms from_descending(std::uint64_t v) noexcept {
  return static_cast<unix_ms>(~v ^ sign_bit);
}

key begin(const scope& at) noexcept {
  return key{}.u16(at.shard).u32(at.generation);
}

}  // namespace

key& key::u8(std::uint8_t v) noexcept {
  assert(size_ + sizeof v <= key_bytes_max);
  bytes_[size_++] = static_cast<char>(v);
  return *this;
}

key& key::u16(std::uint16_t v) noexcept {
  assert(size_ + sizeof v <= key_bytes_max);
  put_big_endian(bytes_.data() + size_, v);
  size_ += sizeof v;
  return *this;
}

key& key::u32(std::uint32_t v) noexcept {
  assert(size_ + sizeof v <= key_bytes_max);
  put_big_endian(bytes_.data() + size_, v);
  size_ += sizeof v;
  return *this;
}

key& key::u64(std::uint64_t v) noexcept {
  assert(size_ + sizeof v <= key_bytes_max);
  put_big_endian(bytes_.data() + size_, v);
  size_ += sizeof v;
  return *this;
}

key& key::id(const uuid& v) noexcept {
  assert(size_ + v.bytes.size() <= key_bytes_max);
  std::memcpy(bytes_.data() + size_, v.bytes.data(), v.bytes.size());
  size_ += v.bytes.size();
  return *this;
}

key key::end() const noexcept {
  key next = *this;
  while (next.size_ > 0) {
    auto& last = next.bytes_[next.size_ - 1];
    if (static_cast<unsigned char>(last) != 0xff) {
      last = static_cast<char>(static_cast<unsigned char>(last) + 1);
      return next;
    }
    --next.size_;
  }
  return next;
}

key log_key(std::uint16_t shard, std::uint64_t index) noexcept {
  return key{}.u16(shard).u64(index);
}

key log_prefix(std::uint16_t shard) noexcept {
  return key{}.u16(shard);
}

std::optional<log_position> parse_log_key(std::string_view bytes) noexcept {
  parts from(bytes);
  log_position p;
  p.shard = from.number<std::uint16_t>();
  p.index = from.number<std::uint64_t>();
  if (!from.fits()) return {};
  return p;
}

key hard_state_key(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::hard_state));
}

key generation_key(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::generation));
}

key progress_key(const scope& at) noexcept {
  return key{}.u16(at.shard).u8(static_cast<std::uint8_t>(raft_fact::progress)).u32(at.generation);
}

key progress_prefix(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::progress));
}

key log_mark_key(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::log_mark));
}

key retired_key(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::retired));
}

key map_key(std::uint16_t shard) noexcept {
  return key{}.u16(shard).u8(static_cast<std::uint8_t>(raft_fact::map));
}

std::optional<raft_meta_position> parse_raft_meta_key(std::string_view bytes) noexcept {
  parts from(bytes);
  raft_meta_position p;
  p.shard = from.number<std::uint16_t>();
  const auto fact = from.number<std::uint8_t>();
  if (fact < 1 || fact > static_cast<std::uint8_t>(raft_fact::retired)) return {};
  p.fact = static_cast<raft_fact>(fact);
  if (p.fact == raft_fact::progress) p.generation = from.number<std::uint32_t>();
  if (!from.fits()) return {};
  return p;
}

key shard_prefix(std::uint16_t shard) noexcept {
  return key{}.u16(shard);
}

std::optional<scope> parse_scope(std::string_view bytes) noexcept {
  if (bytes.size() < scope_bytes) return {};
  return parts(bytes.substr(0, scope_bytes)).where();
}

std::optional<key> rescoped(const scope& at, std::string_view end) noexcept {
  if (end.empty() || end.size() > key_bytes_max - scope_bytes) return {};
  auto k = begin(at);
  for (const char c : end)
    k.u8(static_cast<std::uint8_t>(c));
  return k;
}

key scope_prefix(const scope& at) noexcept {
  return begin(at);
}

key id_key(const scope& at, const uuid& id) noexcept {
  return begin(at).id(id);
}

std::optional<id_position> parse_id_key(std::string_view bytes) noexcept {
  parts from(bytes);
  id_position p;
  p.at = from.where();
  p.id = from.id();
  if (!from.fits()) return {};
  return p;
}

key pair_key(const scope& at, const uuid& owner, const uuid& id) noexcept {
  return begin(at).id(owner).id(id);
}

std::optional<pair_position> parse_pair_key(std::string_view bytes) noexcept {
  parts from(bytes);
  pair_position p;
  p.at = from.where();
  p.owner = from.id();
  p.id = from.id();
  if (!from.fits()) return {};
  return p;
}

key seq_key(const scope& at, const uuid& room_id, std::uint64_t seq) noexcept {
  return begin(at).id(room_id).u64(seq);
}

std::optional<seq_position> parse_seq_key(std::string_view bytes) noexcept {
  parts from(bytes);
  seq_position p;
  p.at = from.where();
  p.room_id = from.id();
  p.seq = from.number<std::uint64_t>();
  if (!from.fits()) return {};
  return p;
}

key owner_prefix(const scope& at, const uuid& owner) noexcept {
  return begin(at).id(owner);
}

key outbox_key(const scope& at, std::uint64_t id) noexcept {
  return begin(at).u64(id);
}

std::optional<outbox_position> parse_outbox_key(std::string_view bytes) noexcept {
  parts from(bytes);
  outbox_position p;
  p.at = from.where();
  p.id = from.number<std::uint64_t>();
  if (!from.fits()) return {};
  return p;
}

key directory_key(const scope& at, listed kind, unix_ms created_at, const uuid& id) noexcept {
  return directory_prefix(at, kind).u64(descending(created_at)).id(id);
}

key directory_prefix(const scope& at, listed kind) noexcept {
  return begin(at).u8(static_cast<std::uint8_t>(kind));
}

std::optional<directory_position> parse_directory_key(std::string_view bytes) noexcept {
  parts from(bytes);
  directory_position p;
  p.at = from.where();
  const auto kind = from.number<std::uint8_t>();
  if (kind < 1 || kind > static_cast<std::uint8_t>(listed::user)) return {};
  p.kind = static_cast<listed>(kind);
  p.created_at = from_descending(from.number<std::uint64_t>());
  p.id = from.id();
  if (!from.fits()) return {};
  return p;
}

}  // namespace greenroom::store
