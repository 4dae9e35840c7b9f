// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The one way in which records and commands become MessagePack. For the .cpp files of this folder.
///
/// A struct takes part by `fields(v)`: a tuple of references to its fields in the order of the
/// format. `encode_as` and `decode_as` do the rest, nested structs included.

#include <algorithm>
#include <array>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "chat/records.hpp"
#include "protocol/error.hpp"

namespace greenroom::store::packing {

inline constexpr char format_version = 1;
/// Documents are at most 32 deep (protocol/limits.hpp); records nest four more around them.
inline constexpr std::size_t depth_max = 40;

/// Raised inside decoding only; decode_as turns it into an error.
struct damage : std::runtime_error {
  using runtime_error::runtime_error;
};

struct string_sink {
  std::string& to;
  void write(const char* data, std::size_t size) { to.append(data, size); }
};
using packer = msgpack::packer<string_sink>;

/// The largest known value of an enum; a larger one on disk is damage.
template <class Enum>
inline constexpr Enum last_of = Enum{};

template <class T>
concept described = requires(const T& v) {
  fields(v);
};

template <class T>
concept list_of_described = described<typename T::value_type> && !requires(const T& v) {
  v.has_value();
};

template <class T>
concept optional_described = described<typename T::value_type> && requires(const T& v) {
  v.has_value();
};

// -- equality, for leaving out trailing defaults -------------------------------------------------

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (described<T>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto x = fields(a);
      const auto y = fields(b);
      return (same(std::get<I>(x), std::get<I>(y)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(fields(a))>>{});
  } else if constexpr (optional_described<T>) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (list_of_described<T>) {
    return a.empty() && b.empty();  // the default of a list is the empty one
  } else {
    return a == b;
  }
}

// -- writing -------------------------------------------------------------------------------------

template <class T>
void write(packer& to, std::string& out, const T& v);

inline void write_bytes(packer& to, const void* data, std::size_t size) {
  to.pack_bin(static_cast<std::uint32_t>(size));
  to.pack_bin_body(static_cast<const char*>(data), static_cast<std::uint32_t>(size));
}

template <class T>
void write_fields(packer& to, std::string& out, const T& v) {
  const auto all = fields(v);
  constexpr std::size_t count = std::tuple_size_v<decltype(all)>;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const T usual{};
    const auto defaults = fields(usual);
    std::size_t used = 0;
    ((used = same(std::get<I>(all), std::get<I>(defaults)) ? used : I + 1), ...);
    to.pack_array(static_cast<std::uint32_t>(used));
    ((I < used ? write(to, out, std::get<I>(all)) : void()), ...);
  }
  (std::make_index_sequence<count>{});
}

template <class T>
void write(packer& to, std::string& out, const T& v) {
  if constexpr (std::is_same_v<T, uuid>) {
    if (v.is_nil()) {
      to.pack_nil();
    } else {
      write_bytes(to, v.bytes.data(), v.bytes.size());
    }
  } else if constexpr (std::is_same_v<T, chat::secret_hash>) {
    if (v == chat::secret_hash{}) {
      to.pack_nil();
    } else {
      write_bytes(to, v.data(), v.size());
    }
  } else if constexpr (std::is_same_v<T, std::optional<uuid>>) {
    if (v) {
      write_bytes(to, v->bytes.data(), v->bytes.size());
    } else {
      to.pack_nil();
    }
  } else if constexpr (std::is_same_v<T, std::vector<uuid>>) {
    static_assert(sizeof(uuid) == 16);
    if (v.empty()) {
      to.pack_nil();
    } else {
      write_bytes(to, v.data(), v.size() * sizeof(uuid));
    }
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    nlohmann::json::to_msgpack(v, out);
  } else if constexpr (std::is_enum_v<T>) {
    to.pack(static_cast<std::uint8_t>(v));
  } else if constexpr (described<T>) {
    write_fields(to, out, v);
  } else if constexpr (requires { v.has_value(); }) {
    if (v) {
      write(to, out, *v);
    } else {
      to.pack_nil();
    }
  } else if constexpr (std::is_same_v<T, std::string> || std::is_arithmetic_v<T>) {
    to.pack(v);
  } else {
    to.pack_array(static_cast<std::uint32_t>(v.size()));
    for (const auto& one : v)
      write(to, out, one);
  }
}

template <class T>
void write_value(std::string& out, const T& v) {
  string_sink sink{out};
  packer to(sink);
  write(to, out, v);
}

template <class T>
std::string encode_as(const T& v) {
  std::string out(1, format_version);
  write_value(out, v);
  return out;
}

// -- reading -------------------------------------------------------------------------------------

nlohmann::json to_json(const msgpack::object& from);
/// Nil is none.
std::string_view bytes_of(const msgpack::object& from);
/// Throws damage. The object refers to `bytes`.
msgpack::object_handle unpack_array(std::string_view bytes);

template <class T>
void read(const msgpack::object& from, T& v);

template <std::size_t Size>
void read_exactly(const msgpack::object& from, std::array<std::uint8_t, Size>& to) {
  const auto raw = bytes_of(from);
  if (raw.empty()) return;
  if (raw.size() != Size) throw damage("a binary field has the wrong length");
  std::copy(raw.begin(), raw.end(), to.begin());
}

/// `from` is an array; fields beyond its end keep what they have.
template <class T>
void read_fields(const msgpack::object& from, T& v, std::size_t first = 0) {
  if (from.type != msgpack::type::ARRAY) throw damage("an array is missing");
  auto all = fields(v);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((first + I < from.via.array.size ? read(from.via.array.ptr[first + I], std::get<I>(all))
                                      : void()),
     ...);
  }
  (std::make_index_sequence<std::tuple_size_v<decltype(all)>>{});
}

template <class T>
void read(const msgpack::object& from, T& v) {
  if constexpr (std::is_same_v<T, uuid>) {
    read_exactly(from, v.bytes);
  } else if constexpr (std::is_same_v<T, chat::secret_hash>) {
    read_exactly(from, v);
  } else if constexpr (std::is_same_v<T, std::vector<uuid>>) {
    const auto raw = bytes_of(from);
    if (raw.size() % sizeof(uuid) != 0) throw damage("a list of ids has the wrong length");
    v.clear();
    v.reserve(raw.size() / sizeof(uuid));
    for (std::size_t at = 0; at < raw.size(); at += sizeof(uuid))
      v.push_back(uuid::from_raw(raw.substr(at, sizeof(uuid))));
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    v = to_json(from);
  } else if constexpr (std::is_enum_v<T>) {
    const auto number = from.as<std::uint8_t>();
    if (number > static_cast<std::uint8_t>(last_of<T>)) throw damage("an unknown enumerator");
    v = static_cast<T>(number);
  } else if constexpr (described<T>) {
    read_fields(from, v);
  } else if constexpr (requires { v.has_value(); }) {
    if (from.type == msgpack::type::NIL) {
      v.reset();
    } else {
      read(from, v.emplace());
    }
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (from.type != msgpack::type::STR) throw damage("a text is missing");
    v.assign(from.via.str.ptr, from.via.str.size);
  } else if constexpr (std::is_arithmetic_v<T>) {
    v = from.as<T>();
  } else {
    if (from.type != msgpack::type::ARRAY) throw damage("a list is missing");
    v.clear();
    for (std::uint32_t i = 0; i < from.via.array.size; ++i)
      read(from.via.array.ptr[i], v.emplace_back());
  }
}

tl::unexpected<error> damaged_record(std::string_view name, std::string_view why);

/// `parse` is given the array; what it throws becomes an error that names the record.
template <class T, class Parse>
expected<T> decode_with(std::string_view name, std::string_view bytes, T v, Parse parse) {
  try {
    const auto handle = unpack_array(bytes);
    parse(handle.get(), v);
    return v;
  } catch (const std::exception& e) {
    return damaged_record(name, e.what());
  }
}

template <class T>
expected<T> decode_as(std::string_view name, std::string_view bytes, T v = {}) {
  return decode_with(name, bytes, std::move(v),
                     [](const msgpack::object& from, T& to) { read_fields(from, to); });
}

}  // namespace greenroom::store::packing
