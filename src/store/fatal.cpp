// SPDX-License-Identifier: MIT
#include "store/fatal.hpp"

#include <rocksdb/status.h>

#include <cstdio>
#include <cstdlib>

namespace greenroom::store {

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
