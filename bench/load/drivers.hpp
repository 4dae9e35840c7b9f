// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Drivers of other servers' protocols, for comparisons; src/load has those of our own.

#include "load/driver.hpp"

namespace greenroom::load {

/// Null when there is no such protocol.
std::unique_ptr<driver> make_any_driver(const load_options& o, sink& s);

std::unique_ptr<driver> make_irc_driver(const load_options& o, sink& s);
std::unique_ptr<driver> make_mqtt_driver(const load_options& o, sink& s);
std::unique_ptr<driver> make_nats_driver(const load_options& o, sink& s);
std::unique_ptr<driver> make_redis_driver(const load_options& o, sink& s);
std::unique_ptr<driver> make_xmpp_driver(const load_options& o, sink& s);

}  // namespace greenroom::load
