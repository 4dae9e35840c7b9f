// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Certificates for tests, made on the spot.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "support/temporary_folder.hpp"

namespace greenroom::test {

/// A private key and the certificate that goes with it.
struct credentials {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
};

inline std::shared_ptr<EVP_PKEY> make_key(const char* type = "EC") {
  EVP_PKEY* key =
      std::string(type) == "EC" ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(nullptr, nullptr, type);
  return {key, EVP_PKEY_free};
}

inline void extend(X509* certificate, int nid, const std::string& value) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Valid from `from_s` to `until_s`, relative to now; `issuer` null: signs itself, as a CA.
inline credentials make_certificate(const std::string& name, const credentials* issuer,
                                    long until_s = 3600, long from_s = -3600,
                                    std::shared_ptr<EVP_PKEY> key = make_key(),
                                    const std::string& alternative_name = "DNS:") {
  credentials out{std::move(key), {X509_new(), X509_free}};
  auto* c = out.certificate.get();
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c), 1 + std::rand());
  X509_gmtime_adj(X509_getm_notBefore(c), from_s);
  X509_gmtime_adj(X509_getm_notAfter(c), until_s);
  X509_set_pubkey(c, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer->certificate.get() : c));
  if (!issuer) {
    extend(c, NID_basic_constraints, "critical,CA:TRUE");
  } else if (!alternative_name.empty()) {
    extend(c, NID_subject_alt_name, alternative_name == "DNS:" ? "DNS:" + name : alternative_name);
  }
  auto* signer = issuer ? issuer->key.get() : out.key.get();
  X509_sign(c, signer, EVP_PKEY_get_id(signer) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256());
  return out;
}

inline std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

inline std::string pem_of(const credentials& c) {
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, c.certificate.get());
  return text_of(bio);
}

/// With a `pass_phrase`: encrypted with it.
inline std::string key_pem_of(const credentials& c, const char* pass_phrase = nullptr) {
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(
      bio, c.key.get(), pass_phrase ? EVP_aes_128_cbc() : nullptr, pass_phrase,
      pass_phrase ? static_cast<int>(std::string(pass_phrase).size()) : 0, nullptr, nullptr);
  return text_of(bio);
}

/// A folder that goes away with the object.
class folder {
 public:
  /// Writes a file that only the owner can read, unless told otherwise.
  std::string write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    const auto file = own_.path() / name;
    std::ofstream(file, std::ios::binary) << text;
    std::filesystem::permissions(file, static_cast<std::filesystem::perms>(mode));
    return file.string();
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (own_.path() / name).string();
  }

 private:
  greenroom::test::temporary_folder own_;
};

}  // namespace greenroom::test
