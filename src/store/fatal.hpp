// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What happens when the disk cannot be trusted any more. Going on would mean to acknowledge what
/// may not be there or to decide on half of what was written; other replicas have the data.

#include <stdexcept>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace rocksdb {
class Status;
}

namespace greenroom::store {

/// Exit code of a process that stopped because of its disk.
inline constexpr int fatal_exit_code = 70;

/// One line on stderr, then the end of the process without destructors: nothing more is written.
[[noreturn]] void stop(std::string_view why) noexcept;
void stop_unless_ok(const rocksdb::Status& s, std::string_view doing);

/// Thrown by readers for a record that is there but cannot be read. Never confused with "absent".
struct damaged : std::runtime_error {
  explicit damaged(const std::string& why);
};
/// The first of them since the process began, or what an earlier one has left (damage_mark.hpp);
/// empty: none. Thread-safe.
std::string damage_seen();
/// As if such a record had been read.
void see_damage(const std::string& why);
void throw_unless_ok(const rocksdb::Status& s, std::string_view doing);

template <class T>
T value_or_stop(expected<T> v) {
  if (!v) stop(v.error().message);
  return std::move(*v);
}

template <class T>
T value_or_throw(expected<T> v) {
  if (!v) throw damaged(v.error().message);
  return std::move(*v);
}

}  // namespace greenroom::store
