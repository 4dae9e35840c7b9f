// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where sockets become actors: net's handler, called on I/O threads, each of which keeps its own
/// table of connection actors, so that nothing is locked on the way of a request.

#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

namespace greenroom::actors {

class bridge final : public net::connection_handler {
 public:
  bridge(caf::actor_system& system, environment_ptr env, unsigned io_threads);

  [[nodiscard]] expected<void> vouches(const std::string& bearer_token) const override;
  void opened(net::connection_id id, const net::peer& who,
              std::optional<std::string> bearer_token) override;
  void received(net::connection_id id, protocol::request_envelope request) override;
  void undecodable(net::connection_id id, protocol::decode_failure failure) override;
  void closed(net::connection_id id, net::end_reason why) override;
  void call(net::http_call c) override;
  /// Lets go of the actors of connections that nobody has said are closed. Only once the I/O
  /// threads have ended.
  void forget();

 private:
  struct entry {
    connection_actor handle;
    protocol::encoding encoding;
  };
  using table = std::unordered_map<net::connection_id, entry>;
  table& table_of(net::connection_id id) { return tables_[net::io_thread_of(id)]; }

  caf::actor_system& system_;
  environment_ptr env_;
  std::vector<table> tables_;  ///< one per I/O thread, touched by it alone
};

}  // namespace greenroom::actors
