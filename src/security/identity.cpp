// SPDX-License-Identifier: MIT
#include "security/identity.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <vector>

namespace greenroom::security {

namespace {

template <class T, void (*Free)(T*)>
struct deleter {
  void operator()(T* p) const noexcept { Free(p); }
};
template <class T, void (*Free)(T*)>
using owned = std::unique_ptr<T, deleter<T, Free>>;

void free_bio(BIO* b) {
  BIO_free(b);
}
void free_names(GENERAL_NAMES* n) {
  GENERAL_NAMES_free(n);
}
using bio_ptr = owned<BIO, free_bio>;
using cert_ptr = owned<X509, X509_free>;
using key_ptr = owned<EVP_PKEY, EVP_PKEY_free>;
using store_ptr = owned<X509_STORE, X509_STORE_free>;
using context_ptr = owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using digest_ptr = owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using tls_ptr = owned<SSL_CTX, SSL_CTX_free>;
using names_ptr = owned<GENERAL_NAMES, free_names>;

/// A certificate is a few kilobytes.
constexpr std::size_t pem_bytes_max = 64 * 1024;

tl::unexpected<error> wrong(std::string what) {
  ERR_clear_error();
  return fail(ec::invalid_message, std::move(what));
}

expected<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return wrong(path + " cannot be read");
  }
  return text.str();
}

/// Instead of asking on the terminal for the pass phrase of an encrypted file.
int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

cert_ptr parse_certificate(std::string_view pem) {
  if (pem.size() > pem_bytes_max) {
    return nullptr;
  }
  const bio_ptr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return cert_ptr(PEM_read_bio_X509(in.get(), nullptr, no_pass_phrase, nullptr));
}

/// All certificates of a file, in its order; none if one of them is damaged.
std::vector<cert_ptr> parse_certificates(const std::string& pem) {
  std::vector<cert_ptr> all;
  if (pem.size() > pem_bytes_max) {
    return all;
  }
  const bio_ptr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (auto* next = PEM_read_bio_X509(in.get(), nullptr, no_pass_phrase, nullptr)) {
    all.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) {
    all.clear();
  }
  return all;
}

/// The first DNS name of the subjectAltName.
std::string name_in(X509* cert) {
  const names_ptr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) {
    return {};
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
              static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))};
    }
  }
  return {};
}

/// 0: OpenSSL cannot tell.
unix_ms end_of(X509* cert) {
  std::tm parts{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &parts) == 1
             ? static_cast<unix_ms>(timegm(&parts)) * 1000
             : 0;
}

/// Empty when the CA issued it and it is valid now; else OpenSSL's reason.
std::string why_not_trusted(X509_STORE* ca, X509* cert) {
  const context_ptr context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), ca, cert, nullptr) != 1) {
    return "out of memory";
  }
  if (X509_verify_cert(context.get()) == 1) {
    return {};
  }
  std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  ERR_clear_error();
  return why;
}

/// `chain`: the node's certificate and what its file holds behind it. Null when OpenSSL refuses.
tls_ptr make_tls(const std::vector<cert_ptr>& chain, EVP_PKEY* key, X509_STORE* ca) {
  tls_ptr tls(SSL_CTX_new(TLS_method()));
  if (!tls || SSL_CTX_set_min_proto_version(tls.get(), TLS1_3_VERSION) != 1 ||
      SSL_CTX_use_certificate(tls.get(), chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(tls.get(), key) != 1) {
    return nullptr;
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(tls.get(), chain[i].get()) != 1) {
      return nullptr;
    }
  }
  SSL_CTX_set1_cert_store(tls.get(), ca);
  SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Each link proves itself anew.
  SSL_CTX_set_session_cache_mode(tls.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(tls.get(), 0);
  return tls;
}

}  // namespace

unix_ms end_of_certificate(std::string_view pem) {
  const auto cert = parse_certificate(pem);
  ERR_clear_error();
  return cert ? end_of(cert.get()) : 0;
}

struct identity::impl {
  std::string pem;
  std::string name;
  key_ptr key;
  store_ptr ca;
  std::shared_ptr<SSL_CTX> tls;
  unix_ms expires_at = 0;
  unix_ms ca_expires_at = 0;
};

expected<identity> identity::load(const std::string& certificate_file, const std::string& key_file,
                                  const std::string& ca_file) {
  auto state = std::make_shared<impl>();
  const auto cert_text = read_file(certificate_file);
  const auto key_text = read_file(key_file);
  const auto ca_text = read_file(ca_file);
  for (const auto* text : {&cert_text, &key_text, &ca_text}) {
    if (!*text) {
      return unexpected(text->error());
    }
  }
  struct stat info {};
  if (stat(key_file.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
    return wrong(key_file + " can be read by others: chmod 600 it");
  }
  const auto chain = parse_certificates(*cert_text);
  if (chain.empty()) {
    return wrong(certificate_file + " is not a PEM certificate");
  }
  auto* const cert = chain.front().get();
  const bio_ptr key_in(BIO_new_mem_buf(key_text->data(), static_cast<int>(key_text->size())));
  state->key.reset(PEM_read_bio_PrivateKey(key_in.get(), nullptr, no_pass_phrase, nullptr));
  if (!state->key) {
    return wrong(key_file + " is not a PEM private key without a pass phrase");
  }
  if (X509_check_private_key(cert, state->key.get()) != 1) {
    return wrong(key_file + " does not belong to " + certificate_file);
  }
  const auto authorities = parse_certificates(*ca_text);
  state->ca.reset(X509_STORE_new());
  bool all_known = state->ca && !authorities.empty();
  for (const auto& authority : authorities) {
    all_known = all_known && X509_STORE_add_cert(state->ca.get(), authority.get()) == 1;
  }
  if (!all_known) {
    return wrong(ca_file + " is not a PEM certificate");
  }
  if (const auto why = why_not_trusted(state->ca.get(), cert); !why.empty()) {
    return wrong(certificate_file + " is not accepted by " + ca_file + ": " + why);
  }
  state->name = name_in(cert);
  if (state->name.empty()) {
    return wrong(certificate_file + " has no DNS name in its subjectAltName");
  }
  state->pem = *cert_text;
  state->expires_at = end_of(cert);
  for (const auto& authority : authorities) {
    state->ca_expires_at = std::max(state->ca_expires_at, end_of(authority.get()));
  }
  auto tls = make_tls(chain, state->key.get(), state->ca.get());
  if (!tls) {
    return wrong(certificate_file + " cannot be used for TLS");
  }
  state->tls = std::move(tls);
  identity out;
  out.impl_ = std::move(state);
  // Some kinds of key (Ed25519) cannot sign a SHA-256 digest: better found at start than at a link.
  if (out.sign("greenroom").empty()) {
    return wrong(key_file + " is not an RSA or EC key");
  }
  return out;
}

std::string identity::sign(std::string_view statement) const {
  const digest_ptr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(statement.data());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, statement.size()) != 1) {
    return {};
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data,
                     statement.size()) != 1) {
    return {};
  }
  out.resize(size);
  return out;
}

const std::string& identity::certificate_pem() const noexcept {
  return impl_->pem;
}

std::shared_ptr<ssl_ctx_st> identity::tls() const noexcept {
  return impl_->tls;
}

const std::string& identity::name() const noexcept {
  return impl_->name;
}

unix_ms identity::expires_at() const noexcept {
  return impl_->expires_at;
}

unix_ms identity::ca_expires_at() const noexcept {
  return impl_->ca_expires_at;
}

expected<std::string> identity::verify(std::string_view peer_certificate_pem,
                                       std::string_view statement,
                                       std::string_view signature) const {
  const auto cert = parse_certificate(peer_certificate_pem);
  if (!cert) {
    return wrong("the peer's certificate cannot be read");
  }
  if (const auto why = why_not_trusted(impl_->ca.get(), cert.get()); !why.empty()) {
    return wrong("the peer's certificate is not of this cluster: " + why);
  }
  const digest_ptr context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                           X509_get0_pubkey(cert.get())) != 1 ||
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(statement.data()),
                       statement.size()) != 1) {
    return wrong("the peer does not hold the key of its certificate");
  }
  auto name = name_in(cert.get());
  if (name.empty()) {
    return wrong("the peer's certificate has no DNS name");
  }
  return name;
}

}  // namespace greenroom::security
