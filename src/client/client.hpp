// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The C++ client library: one person's connection to a cluster, kept up.
///
/// Connects to the first node that answers, signs in, and on a lost connection goes to the next one
/// with full jitter. It resumes every room from the last seq seen, so events arrive once and in
/// order; requests that were not answered are sent again with the same message_id, so they have one
/// effect. Callbacks run on the client's own thread and must not block.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/codec.hpp"

namespace greenroom::client {

struct options {
  std::vector<std::string> nodes;  ///< "host:port", at least one
  protocol::encoding encoding = protocol::encoding::json;
  std::chrono::milliseconds connect_timeout{10000};
  /// A connection that is silent for this long is given up; servers ping well within it.
  std::chrono::milliseconds silence_timeout{75000};
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_max{5000};
};

/// Exactly one of password and refresh_token.
struct credentials {
  std::string username;
  std::string password;
  bool create = false;  ///< register first
  std::string refresh_token;
  std::string device_id;
};

enum class state : std::uint8_t { connecting, online, reconnecting, closed };

struct handlers {
  /// An event, once and in order per room.
  std::function<void(const protocol::event_envelope&)> event;
  /// `detail`: the node, or why it is down.
  std::function<void(client::state, const std::string& detail)> state;
  /// Signed in, for the first time or again; the tokens in it are the newest.
  std::function<void(const protocol::auth_response&)> signed_in;
  /// The credentials were refused: the client is closed.
  std::function<void(const error&)> refused;
};

class connection {
 public:
  connection(options o, handlers h);
  /// Closes; requests that are not answered are answered UNAVAILABLE.
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void sign_in(credentials who);
  using answer_handler = std::function<void(const protocol::answer_envelope&)>;
  /// From any thread; returns the message_id. `done` is called once, however often the connection
  /// is lost meanwhile.
  uuid request(protocol::request what, answer_handler done);
  void close();

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace greenroom::client
