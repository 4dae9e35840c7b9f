// SPDX-License-Identifier: MIT
#include "actors/tls_errors.hpp"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>

namespace {

using function = int (*)(const SSL*, int);

function find(void* where) noexcept {
  auto* found = dlsym(where, "SSL_get_error");
  function result = nullptr;
  static_assert(sizeof result == sizeof found);
  std::memcpy(&result, &found, sizeof result);
  return result;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int SSL_get_error(const SSL* ssl, int result) {
  static const function openssls = find(RTLD_NEXT);
  const int error = openssls(ssl, result);
  ERR_clear_error();
  return error;
}

namespace greenroom::actors {

bool tls_errors_are_kept_apart() noexcept {
  return find(RTLD_DEFAULT) == &SSL_get_error && find(RTLD_NEXT) != nullptr;
}

}  // namespace greenroom::actors
