// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What kind of message it is, as one word of memory that costs nothing to make and nothing to
/// keep. Its name is found when somebody asks.

#include <caf/atom.hpp>
#include <caf/type_erased_tuple.hpp>
#include <caf/type_nr.hpp>
#include <cstdint>
#include <string>

namespace greenroom::actors {

/// 0: of none. The four highest bits say what the others are.
using message_kind = std::uint64_t;

namespace message_kinds {
inline constexpr unsigned tag_shift = 60;
inline constexpr message_kind of_type = 0;    ///< the address of its std::type_info
inline constexpr message_kind of_number = 1;  ///< of a type that CAF knows by itself
inline constexpr message_kind of_atom = 2;
/// Ten letters, the longest there are: CAF itself sets these bits.
inline constexpr message_kind of_long_atom = 15;
}  // namespace message_kinds

/// By the first thing in it: the atom that it begins with, or its type.
inline message_kind kind_of_message(const caf::type_erased_tuple& content) noexcept {
  using namespace message_kinds;
  if (content.empty()) {
    return of_number << tag_shift;
  }
  const auto type = content.type(0);
  if (type.first == 0) {
    return reinterpret_cast<std::uintptr_t>(type.second);
  }
  if (type.first != caf::type_nr<caf::atom_value>::value) {
    return (of_number << tag_shift) | type.first;
  }
  const auto atom = static_cast<std::uint64_t>(content.get_as<caf::atom_value>(0));
  return atom >> tag_shift == of_long_atom ? atom : (of_atom << tag_shift) | atom;
}

/// As people know it: "call" of a shared pointer to a constant greenroom::actors::call, "tick" of
/// that atom, "exit", "down" and such of CAF's own; "(empty)" of a message without content, and
/// nothing of none.
std::string name_of_message_kind(message_kind kind);

}  // namespace greenroom::actors
