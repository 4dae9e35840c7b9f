// SPDX-License-Identifier: MIT
#include "store/fatal.hpp"

#include <rocksdb/status.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

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
  if (!s.ok()) stop(std::string(doing) + ": " + s.ToString());
}

void throw_unless_ok(const rocksdb::Status& s, std::string_view doing) {
  if (!s.ok()) throw damaged(std::string(doing) + ": " + s.ToString());
}

}  // namespace greenroom::store
