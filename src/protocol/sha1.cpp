// SPDX-License-Identifier: MIT
#include "protocol/sha1.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace greenroom {

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
  // EVP_sha1() would be looked up among the providers each time.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  std::array<std::uint8_t, 20> digest{};
  if (algorithm == nullptr ||
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) != 1) {
    throw std::runtime_error("SHA-1 is not available in this OpenSSL");
  }
  return digest;
}

}  // namespace greenroom
