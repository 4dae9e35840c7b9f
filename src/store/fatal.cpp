// SPDX-License-Identifier: MIT
#include "store/fatal.hpp"

#include <rocksdb/status.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "store/damage_mark.hpp"

namespace greenroom::store {

namespace {

struct first_damage {
  std::mutex mutex;
  std::string why;
};

first_damage& seen() {
  static first_damage one;
  return one;
}

}  // namespace

damaged::damaged(const std::string& why) : std::runtime_error(why) {
  see_damage(why);
}

void see_damage(const std::string& why) {
  auto& first = seen();
  const std::lock_guard lock(first.mutex);
  if (first.why.empty()) first.why = why;
}

std::string damage_seen() {
  auto& first = seen();
  const std::lock_guard lock(first.mutex);
  return first.why;
}

void stop(std::string_view why) noexcept {
  std::fprintf(stderr, "greenroom: the store stops the process: %.*s\n",
               static_cast<int>(why.size()), why.data());
  std::_Exit(fatal_exit_code);
}

void stop_unless_ok(const rocksdb::Status& s, std::string_view doing) {
  if (s.ok()) return;
  const auto why = std::string(doing) + ": " + s.ToString();
  mark_if_corruption(s, why);
  stop(why);
}

void throw_unless_ok(const rocksdb::Status& s, std::string_view doing) {
  if (s.ok()) return;
  const auto why = std::string(doing) + ": " + s.ToString();
  mark_if_corruption(s, why);
  throw damaged(why);
}

}  // namespace greenroom::store
