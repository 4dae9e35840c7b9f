// SPDX-License-Identifier: MIT
#include "actors/bridge.hpp"

#include "actors/connection.hpp"
#include "actors/request_meter.hpp"
#include "actors/token_keys.hpp"

namespace greenroom::actors {

bridge::bridge(caf::actor_system& system, environment_ptr env, unsigned io_threads)
    : system_(system), env_(std::move(env)), tables_(io_threads) {}

expected<void> bridge::vouches(const std::string& bearer_token) const {
  const auto claims = verify_token(*env_, bearer_token);
  if (!claims) {
    return unexpected(claims.error());
  }
  return {};
}

void bridge::opened(net::connection_id id, const net::peer& who,
                    std::optional<std::string> bearer_token) {
  table_of(id).emplace(
      id, entry{system_.spawn<connection>(env_, id, who, std::move(bearer_token)), who.encoding});
}

void bridge::received(net::connection_id id, protocol::request_envelope request) {
  const auto& connections = table_of(id);
  const auto it = connections.find(id);
  if (it == connections.end()) {
    return;
  }
  auto r = std::make_shared<client_request>();
  r->connection = id;
  r->request = std::move(request);
  r->encoding = it->second.encoding;
  r->sockets = &env_->sockets;
  caf::anon_send(it->second.handle, client_request_ptr(std::move(r)));
}

void bridge::undecodable(net::connection_id id, protocol::decode_failure failure) {
  const auto& connections = table_of(id);
  if (const auto it = connections.find(id); it != connections.end()) {
    caf::anon_send(
        it->second.handle,
        decode_failure_ptr(std::make_shared<protocol::decode_failure>(std::move(failure))));
  }
}

void bridge::closed(net::connection_id id, net::end_reason) {
  auto& connections = table_of(id);
  if (const auto it = connections.find(id); it != connections.end()) {
    caf::anon_send(it->second.handle, closed_atom::value);
    connections.erase(it);
  }
}

void bridge::call(net::http_call c) {
  auto& connections = table_of(c.connection);
  auto it = connections.find(c.connection);
  if (it == connections.end()) {
    it = connections
             .emplace(c.connection,
                      entry{system_.spawn<connection>(env_, c.connection, c.peer, std::nullopt),
                            c.peer.encoding})
             .first;
  }
  c.done = [done = std::move(c.done), kind = kind_of(c),
            received = std::chrono::steady_clock::now()](protocol::answer_envelope answer) {
    count_answer(kind, answer.data, received);
    done(std::move(answer));
  };
  caf::anon_send(it->second.handle, http_call_ptr(std::make_shared<net::http_call>(std::move(c))));
}

void bridge::forget() {
  for (auto& connections : tables_) {
    connections.clear();
  }
}

}  // namespace greenroom::actors
