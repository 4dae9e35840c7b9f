// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Sends documents to servers that somebody else has named: POST over HTTP/1.1, with or without
/// TLS, on one thread of its own, with a few more that look names up. No redirect is followed, of
/// an answer only the status is kept, certificates are verified for the host of the URL, and unless
/// told otherwise only public addresses are connected to: the one that was judged, without looking
/// the name up again.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "web/url.hpp"

namespace greenroom::web {

struct client_options {
  bool allow_private = false;                      ///< addresses that are not public too
  std::chrono::milliseconds connect_within{5000};  ///< look-up, connection and handshake
  std::chrono::milliseconds answer_within{10000};  ///< from then until the end of the answer
  std::size_t answer_bytes_max = 64 * 1024;        ///< header and body together
};

struct post_request {
  url to;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< JSON
};

struct post_result {
  unsigned status = 0;  ///< 0: there was no answer, and `failure` says why
  std::string failure;  ///< for people; never holds anything of the request
  /// Nothing was sent, because that is not allowed: it would be refused again. With status 0.
  bool refused = false;
};

class client {
 public:
  using done = std::function<void(post_result)>;

  explicit client(client_options options);
  /// Ends all that is under way, without calling anybody.
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// From any thread. `then` is called once, on this client's thread, whatever fails, and within
  /// twice `connect_within` and once `answer_within`. How many there are at once is the caller's to
  /// bound.
  void post(post_request what, done then);

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace greenroom::web
