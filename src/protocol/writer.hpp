// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The visitor that writes: one for requests, answers and events, over any output.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/describe_records.hpp"
#include "protocol/describe_requests.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/outputs.hpp"

namespace greenroom::protocol {

// -- what counts as empty -----------------------------------------------------------------------

inline bool is_empty(const std::string& v) {
  return v.empty();
}
inline bool is_empty(const uuid& v) {
  return v.is_nil();
}
inline bool is_empty(const nlohmann::json& v) {
  return v.is_null();
}
inline bool is_empty(const error_details& v) {
  return v == error_details{};
}
template <class T>
bool is_empty(const std::vector<T>& v) {
  return v.empty();
}
template <class T>
bool is_empty(const std::optional<T>& v) {
  return !v.has_value();
}

/// Whether documents show empty fields.
enum class audience : std::uint8_t {
  one,   ///< an answer: null
  many,  ///< an event: left out
};

template <class Output>
class writer {
 public:
  /// `duplicate` is the field of that name in answers.
  writer(Output& out, audience to, bool duplicate = false)
      : out_(out), to_(to), duplicate_(duplicate) {}

  // -- requests -----------------------------------------------------------------------------

  template <class T>
  void required(std::string_view name, const T& v, const auto& /*rule*/) {
    field(name, v);
  }
  template <class T>
  void optional(std::string_view name, const T& v, const auto& /*rule*/) {
    if constexpr (requires { v.has_value(); }) {
      if (v) field(name, *v);
    } else {
      field(name, v);
    }
  }
  void optional(std::string_view name, const nlohmann::json& v, const object_rule&) {
    if (!v.is_null()) field(name, v);
  }
  void optional(std::string_view name, const std::vector<uuid>& v, const id_list_rule&) {
    if (!v.empty()) field(name, v);
  }

  // -- answers and events ---------------------------------------------------------------------

  template <class T>
  void always(std::string_view name, const T& v) {
    if constexpr (requires { v.empty(); }) {
      if (to_ == audience::many && v.empty()) return;
    }
    field(name, v);
  }
  template <class T>
  void nullable(std::string_view name, const T& v) {
    if (!is_empty(v)) return field(name, v);
    if (to_ == audience::one) null_field(name);
  }
  void nullable(std::string_view name, const std::optional<std::vector<uuid>>& v) {
    if (v) return always(name, *v);
    if (to_ == audience::one) null_field(name);
  }
  void time(std::string_view name, unix_ms v) {
    if (v != 0) {
      out_.key(name);
      if constexpr (writes) out_.plain(format_time(v));
    } else if (to_ == audience::one) {
      null_field(name);
    }
  }
  template <class T>
  void sometimes(std::string_view name, const std::optional<T>& v) {
    if (!v) return;
    if constexpr (std::is_same_v<T, std::string>) {
      nullable(name, *v);
    } else {
      always(name, *v);
    }
  }
  template <class T>
  void inlined(std::string_view /*first*/, const std::optional<T>& v) {
    if (v) describe(*this, *v);
  }
  void leave_out_empty(std::string_view name, const std::string& v) {
    if (!v.empty()) field(name, v);
  }
  void repeated() { field("duplicate", duplicate_); }

  // -- single values ----------------------------------------------------------------------------

  void put(std::string_view v) { out_.text(v); }
  void put(const std::string& v) { out_.text(v); }
  void put(bool v) { out_.flag(v); }
  void put(std::uint64_t v) { out_.number(v); }
  void put(std::uint32_t v) { out_.number(std::uint64_t{v}); }
  void put(std::int64_t v) { out_.number(v); }
  void put(const uuid& v) { out_.plain(v.str()); }
  void put(ec v) { out_.plain(to_string(v)); }
  void put(const nlohmann::json& v) { out_.tree(v); }
  template <named_enum E>
  void put(E v) {
    out_.plain(enum_name(v));
  }
  template <class T>
  void put(const std::optional<T>& v) {
    put(*v);
  }
  template <class T>
  void put(const std::vector<T>& list) {
    out_.begin_list(list.size());
    for (const auto& v : list) {
      out_.item();
      put(v);
    }
    out_.end_list();
  }
  template <class T>
  void put(const std::map<uuid, T>& map) {
    out_.begin_map(map.size());
    for (const auto& [id, v] : map)
      field(id.str(), v);
    out_.end_map();
  }
  /// A struct with a description.
  template <class T>
  requires std::is_class_v<T>
  void put(const T& v) {
    out_.begin_map(fields_of(v));
    describe(*this, v);
    out_.end_map();
  }

  template <class T>
  void field(std::string_view name, const T& v) {
    out_.key(name);
    if constexpr (writes) put(v);
  }
  void null_field(std::string_view name) {
    out_.key(name);
    if constexpr (writes) out_.null();
  }
  /// How many fields describe() will write.
  template <class T>
  std::size_t fields_of(const T& v) const {
    counting_output count;
    writer<counting_output> counter(count, to_, duplicate_);
    describe(counter, v);
    return count.fields;
  }

 private:
  static constexpr bool writes = !std::is_same_v<Output, counting_output>;

  Output& out_;
  audience to_;
  bool duplicate_;
};

}  // namespace greenroom::protocol
