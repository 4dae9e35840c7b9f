// SPDX-License-Identifier: MIT
#include "store/packing.hpp"

#include <memory>
#include <utility>

namespace greenroom::store::packing {

namespace {

/// Enough for nearly all records, and small enough for the allocator to have it at hand: the
/// library's own choice is 8 KiB for each.
constexpr std::size_t first_chunk_bytes = 960;

/// Texts and bytes stay where they are: nothing is copied twice.
bool refer(msgpack::type::object_type, std::size_t, void*) {
  return true;
}

}  // namespace

nlohmann::json to_json(const msgpack::object& from) {
  switch (from.type) {
    case msgpack::type::NIL:
      return nullptr;
    case msgpack::type::BOOLEAN:
      return from.via.boolean;
    case msgpack::type::POSITIVE_INTEGER:
      return from.via.u64;
    case msgpack::type::NEGATIVE_INTEGER:
      return from.via.i64;
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      return from.via.f64;
    case msgpack::type::STR:
      return std::string(from.via.str.ptr, from.via.str.size);
    case msgpack::type::ARRAY: {
      auto list = nlohmann::json::array();
      for (std::uint32_t i = 0; i < from.via.array.size; ++i)
        list.push_back(to_json(from.via.array.ptr[i]));
      return list;
    }
    case msgpack::type::MAP: {
      auto object = nlohmann::json::object();
      for (std::uint32_t i = 0; i < from.via.map.size; ++i) {
        const auto& [name, value] = from.via.map.ptr[i];
        if (name.type != msgpack::type::STR) throw damage("a name in metadata is no text");
        object[std::string(name.via.str.ptr, name.via.str.size)] = to_json(value);
      }
      return object;
    }
    case msgpack::type::BIN:
    case msgpack::type::EXT:
      break;
  }
  throw damage("metadata of an unknown kind");
}

std::string_view bytes_of(const msgpack::object& from) {
  if (from.type == msgpack::type::NIL) return {};
  if (from.type != msgpack::type::BIN) throw damage("bytes are missing");
  return {from.via.bin.ptr, from.via.bin.size};
}

msgpack::object_handle unpack_array(std::string_view bytes) {
  if (bytes.empty()) throw damage("it is empty");
  if (bytes.front() != format_version) {
    throw damage("its format version " + std::to_string(static_cast<unsigned char>(bytes.front())) +
                 " is unknown");
  }
  bytes.remove_prefix(1);
  // An element takes at least a byte, so no honest length is larger than the input.
  const auto most = bytes.size();
  const msgpack::unpack_limit limit(most, most, most, most, 0, depth_max);
  std::size_t used = 0;
  bool referenced = false;
  auto memory = std::make_unique<msgpack::zone>(first_chunk_bytes);
  const auto root =
      msgpack::unpack(*memory, bytes.data(), bytes.size(), used, referenced, refer, nullptr, limit);
  if (used != bytes.size()) throw damage("bytes follow its end");
  if (root.type != msgpack::type::ARRAY) throw damage("it is no array");
  return {root, std::move(memory)};
}

tl::unexpected<error> damaged_record(std::string_view name, std::string_view why) {
  return fail(ec::internal, "damaged record " + std::string(name) + ": " + std::string(why));
}

}  // namespace greenroom::store::packing
