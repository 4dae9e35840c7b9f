// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Who a node is to other nodes: a certificate of the cluster's private CA, and proof that the
/// speaker holds its key. TLS already checks the CA; this binds the node's id and the name in the
/// certificate to the link, because the transport below checks no names.
///
/// The files are read once, at start. Nothing here opens a file afterwards, so that neither a
/// renewal under way nor a lack of descriptors can fail a link. Renewed files count after a
/// restart.

#include <memory>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/time.hpp"

struct ssl_ctx_st;  // SSL_CTX

namespace greenroom::security {

/// When the first certificate in it ends; 0: there is none, or OpenSSL cannot tell.
unix_ms end_of_certificate(std::string_view pem);

/// The node's own key and certificate, loaded once. Thread-safe.
class identity {
 public:
  /// Refuses missing or unreadable files, a key that does not fit the certificate, a certificate
  /// that the CA did not issue or that is expired, and key files that others can read. The file of
  /// the CA may hold several, e.g. an old one and its successor.
  static expected<identity> load(const std::string& certificate_file, const std::string& key_file,
                                 const std::string& ca_file);

  /// Signature (SHA-256 with the certificate's key) over `statement`.
  [[nodiscard]] std::string sign(std::string_view statement) const;
  [[nodiscard]] const std::string& certificate_pem() const noexcept;
  /// For both sides of a link: TLS 1.3, this certificate, and peers with one of the same CA only.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> tls() const noexcept;
  /// DNS name in the own certificate's subjectAltName, e.g. "node1".
  [[nodiscard]] const std::string& name() const noexcept;

  /// When the own certificate ends, and the last of the CA's.
  [[nodiscard]] unix_ms expires_at() const noexcept;
  [[nodiscard]] unix_ms ca_expires_at() const noexcept;

  /// Checks a peer: certificate issued by the same CA and valid now, signature fits. Returns the
  /// name in it.
  [[nodiscard]] expected<std::string> verify(std::string_view peer_certificate_pem,
                                             std::string_view statement,
                                             std::string_view signature) const;

 private:
  struct impl;
  std::shared_ptr<const impl> impl_;
};

}  // namespace greenroom::security
