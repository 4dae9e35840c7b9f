// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Puts a finished TLS connection under CAF's broker for other nodes, which reads and writes by it
/// on the thread of CAF's multiplexer.
///
/// This stands in for CAF's own OpenSSL module, with which anybody who could reach the cluster port
/// could end the process: that loads certificate, key and CA from their files at each accept, and a
/// file or descriptor that is missing at that moment is an exception nobody catches. It also knows
/// neither a deadline nor a limit for handshakes, spins while a caller says nothing, and lets the
/// failure of one connection cut another (it asks OpenSSL without emptying its queue of errors).

#include <caf/io/all.hpp>

#include "net/tls_connection.hpp"

namespace greenroom::actors {

/// To be added to the broker, which owns it then.
caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system, net::tls_connection_ptr connection);

}  // namespace greenroom::actors
