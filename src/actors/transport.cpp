// SPDX-License-Identifier: MIT
#include "actors/transport.hpp"

#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>

#include "actors/tls_scribe.hpp"
#include "net/tls_dial.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto connect_within = 5s;
/// From the TLS handshake to the first word of the node there.
constexpr auto answer_within = 5s;

using interface_names = std::set<std::string>;

interface_names names_of_gate(caf::actor_system& system) {
  return system.message_types(caf::detail::type_list<gate_actor>{});
}

}  // namespace

transport::transport(caf::actor_system& system, const security::identity& identity)
    : system_(system),
      tls_(identity.tls()),
      broker_(system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"))) {}

transport::~transport() {
  close();
}

expected<void> transport::open(const cluster_settings& settings, const gate_actor& door) {
  net::tls_listener_options options;
  options.address = settings.address;
  options.port = settings.port;
  auto started = net::tls_listener::start(
      options, tls_,
      [this, port = settings.port, door = caf::actor_cast<caf::strong_actor_ptr>(door),
       names = names_of_gate(system_)](const net::tls_connection_ptr& connection) {
        remember(connection);
        // The broker's way to take a connection that somebody else has accepted.
        caf::anon_send(broker_, caf::publish_atom::value, make_tls_scribe(system_, connection),
                       port, door, names);
      });
  if (!started) {
    return unexpected(started.error());
  }
  const std::lock_guard lock(mutex_);
  listener_ = std::move(*started);
  return {};
}

dialed transport::dial(const std::string& host, std::uint16_t port) {
  const auto connection = net::tls_dial(*tls_, host, port, connect_within, closing_);
  if (!connection) {
    return {{}, {}, connection.error().message};
  }
  remember(*connection);
  dialed result;
  caf::scoped_actor self(system_);
  self->request(broker_, answer_within, caf::connect_atom::value,
                make_tls_scribe(system_, *connection), port)
      .receive(
          [&](const caf::node_id&, const caf::strong_actor_ptr& gate,
              const interface_names& names) {
            if (gate && system_.assignable(names, names_of_gate(system_))) {
              result.gate = caf::actor_cast<gate_actor>(gate);
              result.connection = *connection;
            } else {
              result.why_not = "there is no gate";
            }
          },
          [&](const caf::error& e) { result.why_not = system_.render(e); });
  if (!result.gate) {
    (*connection)->cut();
  }
  return result;
}

void transport::proved(const std::string& address, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  if (listener_) {
    listener_->proved(address, port);
  }
}

net::tls_connection_ptr transport::connection_with(const std::string& address, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : connections_) {
    if (auto connection = known.lock(); connection && !connection->is_retired() &&
                                        connection->port() == port &&
                                        connection->address() == address) {
      return connection;
    }
  }
  return nullptr;
}

void transport::remember(const net::tls_connection_ptr& connection) {
  const std::lock_guard lock(mutex_);
  std::erase_if(connections_, [](const auto& known) { return known.expired(); });
  connections_.push_back(connection);
}

void transport::close_port() {
  closing_.store(true);
  std::unique_ptr<net::tls_listener> goes;  // not under the lock, which its thread may wait for
  const std::lock_guard lock(mutex_);
  goes.swap(listener_);
}

void transport::close() {
  close_port();
  broker_ = nullptr;
  const std::lock_guard lock(mutex_);
  for (const auto& known : connections_) {
    if (const auto connection = known.lock()) {
      connection->cut();
    }
  }
}

}  // namespace greenroom::actors
