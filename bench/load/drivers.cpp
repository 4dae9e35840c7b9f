// SPDX-License-Identifier: MIT
#include "load/driver.hpp"

namespace bench {

std::unique_ptr<driver> make_driver(const load_options& o, sink& s) {
  if (o.proto == "irc") return make_irc_driver(o, s);
  if (o.proto == "mqtt") return make_mqtt_driver(o, s);
  if (o.proto == "nats") return make_nats_driver(o, s);
  if (o.proto == "redis") return make_redis_driver(o, s);
  if (o.proto == "xmpp") return make_xmpp_driver(o, s);
  if (o.proto == "greenroom-tcp") return make_tcp_driver(o, s);
  if (o.proto == "wsraw" || o.proto == "greenroom") return make_websocket_driver(o, s);
  return nullptr;
}

}  // namespace bench
