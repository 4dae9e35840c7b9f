// SPDX-License-Identifier: MIT
#include "load/drivers.hpp"

namespace greenroom::load {

std::unique_ptr<driver> make_any_driver(const load_options& o, sink& s) {
  if (o.proto == "irc") return make_irc_driver(o, s);
  if (o.proto == "mqtt") return make_mqtt_driver(o, s);
  if (o.proto == "nats") return make_nats_driver(o, s);
  if (o.proto == "redis") return make_redis_driver(o, s);
  if (o.proto == "xmpp") return make_xmpp_driver(o, s);
  return make_driver(o, s);
}

}  // namespace greenroom::load
