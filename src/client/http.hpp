// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One request over HTTP or HTTPS to a node (or to what stands in front of it), for programs that
/// want an answer and nothing else. Blocks; one connection per request. Tokens travel in headers
/// only, and never before the certificate of the other end was found good.

#include <chrono>
#include <string>

#include "client/node_address.hpp"

namespace greenroom::client {

struct http_question {
  std::string method = "GET";
  std::string target;           ///< path and query
  std::string token;            ///< empty: none
  std::string body;             ///< JSON; empty: none
  std::string message_id = {};  ///< the Idempotency-Key; empty: none
  std::chrono::milliseconds timeout{30'000};
  bool tls = false;          ///< HTTPS; certificate and name are checked
  std::string ca_file = {};  ///< PEM, who may have signed it; empty: whom the system trusts
};

struct http_answer {
  int status = 0;
  std::string body;
  std::string next;  ///< the query of the link with rel="next"; empty: there is none
};

/// Answers of at most 64 MiB. The error is UNAVAILABLE and says why there is no answer;
/// INVALID_MESSAGE when the CA's file cannot be read.
expected<http_answer> ask_http(const node_address& node, const http_question& what);

}  // namespace greenroom::client
