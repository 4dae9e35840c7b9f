// SPDX-License-Identifier: MIT
#include "placement/codec.hpp"

#include <algorithm>
#include <limits>
#include <msgpack.hpp>
#include <tuple>

namespace greenroom::placement {

namespace {

// -- the fields of each struct, in the order they are written -------------------------------------

auto fields(node_info& n) {
  return std::tie(n.id, n.name, n.address, n.version, n.state, n.joined_at);
}
auto fields(shard_placement& s) {
  return std::tie(s.shard, s.replicas, s.founders, s.group, s.group_index);
}
auto fields(signing_key& k) {
  return std::tie(k.id, k.secret, k.created_at, k.retired);
}
auto fields(cluster_map& m) {
  return std::tie(m.cluster_id, m.epoch, m.shard_count, m.expected_nodes, m.replicas, m.members,
                  m.shards, m.keys, m.fingerprint_key);
}
auto fields(form_cluster& c) {
  return std::tie(c.cluster_id, c.shard_count, c.expected_nodes, c.replicas, c.first_node,
                  c.first_key, c.fingerprint_key);
}
auto fields(join_node& c) {
  return std::tie(c.node);
}
auto fields(update_node& c) {
  return std::tie(c.id, c.address, c.version, c.state);
}
auto fields(place_shards&) {
  return std::tie();
}
auto fields(add_key& c) {
  return std::tie(c.key);
}
auto fields(retire_key& c) {
  return std::tie(c.id);
}
auto fields(assign_shard& c) {
  return std::tie(c.shard, c.replicas);
}
auto fields(pin_shard& c) {
  return std::tie(c.shard, c.replicas, c.at);
}
auto fields(unpin_shards& c) {
  return std::tie(c.shards);
}
auto fields(report_group& c) {
  return std::tie(c.shard, c.index, c.nodes);
}
auto fields(decommission_node& c) {
  return std::tie(c.id, c.fewer_replicas);
}
auto fields(drop_key& c) {
  return std::tie(c.id);
}

// -- pins ----------------------------------------------------------------------------------------

/// No node has such an id: it has no version (RFC 9562).
constexpr std::string_view pin_begins{"pinned\0\0", 8};

uuid pin_of(unix_ms at) {
  std::string raw(pin_begins);
  const auto bits = static_cast<std::uint64_t>(at);
  for (int shift = 56; shift >= 0; shift -= 8)
    raw += static_cast<char>(bits >> shift);
  return uuid::from_raw(raw);
}

bool is_pin(const uuid& founder) {
  return founder.raw().starts_with(pin_begins);
}

unix_ms time_of(const uuid& pin) {
  std::uint64_t bits = 0;
  for (const char byte : pin.raw().substr(pin_begins.size()))
    bits = bits << 8U | static_cast<std::uint8_t>(byte);
  return static_cast<unix_ms>(bits);
}

void put_pins(cluster_map& map) {
  for (auto& s : map.shards)
    if (s.pinned_at != 0) s.founders.push_back(pin_of(s.pinned_at));
}

/// False: what is there is no time.
bool take_pins(cluster_map& map) {
  for (auto& s : map.shards) {
    if (s.founders.empty() || !is_pin(s.founders.back())) continue;
    s.pinned_at = time_of(s.founders.back());
    s.founders.pop_back();
    if (s.pinned_at == 0) return false;
  }
  return true;
}

template <class T>
concept record = requires(T& v) {
  fields(v);
};

template <record T>
constexpr std::size_t field_count = std::tuple_size_v<decltype(fields(std::declval<T&>()))>;

// -- writing
// ---------------------------------------------------------------------------------------

struct writer {
  std::string out{static_cast<char>(codec_version)};
  struct sink {
    std::string& out;
    void write(const char* data, std::size_t size) { out.append(data, size); }
  } to{out};
  msgpack::packer<sink> pack{to};

  // Byte strings for all text: secrets and names are told apart by place, not by type.
  void bytes(std::string_view v) {
    pack.pack_bin(static_cast<std::uint32_t>(v.size()));
    pack.pack_bin_body(v.data(), static_cast<std::uint32_t>(v.size()));
  }
  void put(const uuid& v) { bytes(v.raw()); }
  void put(const std::string& v) { bytes(v); }
  void put(bool v) { v ? pack.pack_true() : pack.pack_false(); }
  void put(std::uint16_t v) { pack.pack_uint16(v); }
  void put(std::uint64_t v) { pack.pack_uint64(v); }
  void put(std::int64_t v) { pack.pack_int64(v); }
  void put(node_state v) { pack.pack_uint8(static_cast<std::uint8_t>(v)); }

  template <class T>
  void put(const std::optional<T>& v) {
    if (v)
      put(*v);
    else
      pack.pack_nil();
  }
  template <class T>
  void put(const std::vector<T>& v) {
    pack.pack_array(static_cast<std::uint32_t>(v.size()));
    for (const auto& each : v)
      put(each);
  }
  template <record T>
  void put(const T& v) {
    pack.pack_array(static_cast<std::uint32_t>(field_count<T>));
    put_fields(v);
  }
  template <record T>
  void put_fields(const T& v) {
    // The one description of a struct serves reading too, hence without const.
    std::apply([&](const auto&... each) { (put(each), ...); }, fields(const_cast<T&>(v)));
  }
};

// -- reading
// ---------------------------------------------------------------------------------------

using msgpack::object;
using kind = msgpack::type::object_type;

bool get(const object& o, std::string& v) {
  if (o.type != kind::BIN) return false;
  v.assign(o.via.bin.ptr, o.via.bin.size);
  return true;
}

bool get(const object& o, uuid& v) {
  if (o.type != kind::BIN || o.via.bin.size != v.bytes.size()) return false;
  v = uuid::from_raw({o.via.bin.ptr, o.via.bin.size});
  return true;
}

bool get(const object& o, bool& v) {
  if (o.type != kind::BOOLEAN) return false;
  v = o.via.boolean;
  return true;
}

bool get(const object& o, std::uint64_t& v) {
  if (o.type != kind::POSITIVE_INTEGER) return false;
  v = o.via.u64;
  return true;
}

bool get(const object& o, std::uint16_t& v) {
  std::uint64_t wide = 0;
  if (!get(o, wide) || wide > std::numeric_limits<std::uint16_t>::max()) return false;
  v = static_cast<std::uint16_t>(wide);
  return true;
}

bool get(const object& o, std::int64_t& v) {
  if (o.type == kind::NEGATIVE_INTEGER) {
    v = o.via.i64;
    return true;
  }
  std::uint64_t wide = 0;
  if (!get(o, wide) || wide > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return false;
  v = static_cast<std::int64_t>(wide);
  return true;
}

bool get(const object& o, node_state& v) {
  std::uint64_t wide = 0;
  if (!get(o, wide) || wide > static_cast<std::uint64_t>(node_state::leaving)) return false;
  v = static_cast<node_state>(wide);
  return true;
}

template <class T>
bool get(const object& o, std::optional<T>& v) {
  if (o.type == kind::NIL) return true;
  return get(o, v.emplace());
}

template <record T>
bool get(const object& o, T& v);

template <class T>
bool get(const object& o, std::vector<T>& v) {
  if (o.type != kind::ARRAY) return false;
  v.resize(o.via.array.size);
  for (std::size_t i = 0; i < v.size(); ++i)
    if (!get(o.via.array.ptr[i], v[i])) return false;
  return true;
}

/// The fields of `v` from the elements of an array, leaving out the first `skip`.
template <record T>
bool get_fields(const object& o, T& v, std::size_t skip) {
  if (o.type != kind::ARRAY || o.via.array.size != field_count<T> + skip) return false;
  [[maybe_unused]] const auto* next = o.via.array.ptr + skip;
  return std::apply([&](auto&... each) { return (get(*next++, each) && ...); }, fields(v));
}

template <record T>
bool get(const object& o, T& v) {
  return get_fields(o, v, 0);
}

template <std::size_t I = 0>
std::optional<command> get_command(const object& o, std::uint64_t number) {
  if constexpr (I == std::variant_size_v<command>) {
    return std::nullopt;
  } else {
    if (number != I) return get_command<I + 1>(o, number);
    std::variant_alternative_t<I, command> data;
    if (!get_fields(o, data, 1)) return std::nullopt;
    return data;
  }
}

tl::unexpected<error> damaged(const char* what) {
  return fail(ec::internal, what);
}

/// The MessagePack tree behind the version byte.
expected<msgpack::object_handle> parse(std::string_view bytes) {
  if (bytes.empty()) return damaged("placement: empty");
  if (bytes.size() > encoded_bytes_max) return damaged("placement: too long");
  if (static_cast<std::uint8_t>(bytes.front()) != codec_version)
    return damaged("placement: unknown version");
  const msgpack::unpack_limit limit(shard_count_max + 1, 0, 0, text_bytes_max + 1, 0, 8);
  try {
    std::size_t used = 1;
    auto handle = msgpack::unpack(bytes.data(), bytes.size(), used, nullptr, nullptr, limit);
    if (used != bytes.size()) return damaged("placement: bytes after the end");
    return handle;
  } catch (const std::exception&) {
    return damaged("placement: not MessagePack, or beyond the limits");
  }
}

/// What apply() keeps true and look-ups rely on.
bool is_sound(const cluster_map& m) {
  if (m.cluster_id.is_nil()) return m == cluster_map{};
  if (m.shard_count == 0 || m.shard_count > shard_count_max) return false;
  if (m.replicas % 2 == 0 || m.replicas > replicas_max) return false;
  if (m.shards.size() != std::size_t{m.shard_count} + 1) return false;
  if (m.members.empty() || m.members.size() > members_max) return false;
  if (m.fingerprint_key.size() != fingerprint_key_bytes || !current_key(m)) return false;
  for (const auto& k : m.keys)
    if (k.secret.size() != key_secret_bytes) return false;
  for (std::size_t i = 0; i < m.shards.size(); ++i) {
    if (m.shards[i].shard != i) return false;
    for (const auto* nodes : {&m.shards[i].replicas, &m.shards[i].group})
      for (const auto& id : *nodes)
        if (!find_node(m, id)) return false;
    if (m.shards[i].founders.empty() != m.shards[i].replicas.empty()) return false;
  }
  return true;
}

}  // namespace

std::string encode(const command& c) {
  writer w;
  std::visit(
      [&]<class T>(const T& data) {
        w.pack.pack_array(static_cast<std::uint32_t>(field_count<T> + 1));
        w.pack.pack_uint8(static_cast<std::uint8_t>(c.index()));
        w.put_fields(data);
      },
      c);
  return std::move(w.out);
}

std::string encode(const cluster_map& map) {
  writer w;
  if (std::ranges::any_of(map.shards, [](const auto& s) { return s.pinned_at != 0; })) {
    auto with_pins = map;
    put_pins(with_pins);
    w.put(with_pins);
  } else {
    w.put(map);
  }
  return std::move(w.out);
}

expected<command> decode_command(std::string_view bytes) {
  const auto tree = parse(bytes);
  if (!tree) return unexpected(tree.error());
  const auto& o = tree->get();
  std::uint64_t number = 0;
  if (o.type != kind::ARRAY || o.via.array.size == 0 || !get(o.via.array.ptr[0], number))
    return damaged("placement: not a command");
  auto c = get_command(o, number);
  if (!c) return damaged("placement: not a command");
  return std::move(*c);
}

expected<cluster_map> decode_map(std::string_view bytes) {
  const auto tree = parse(bytes);
  if (!tree) return unexpected(tree.error());
  cluster_map map;
  if (!get(tree->get(), map) || !take_pins(map) || !is_sound(map))
    return damaged("placement: not a cluster map");
  return map;
}

}  // namespace greenroom::placement
