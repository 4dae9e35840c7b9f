// SPDX-License-Identifier: MIT
/// GET /ws: an HTTP connection becomes a WebSocket, or is told why not.
#include "net/http_session.hpp"
#include "net/net_metrics.hpp"
#include "net/upgrade.hpp"
#include "telemetry/request_scope.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::net {

namespace {

error invalid(std::string why) {
  return {ec::invalid_message, std::move(why), {}};
}

}  // namespace

void http_session::upgrade(const request& r) {
  const telemetry::request_scope scope(request_id_);
  const std::string_view target(r.target().data(), r.target().size());
  if (const auto e = check_query(target)) return refuse(400, *e);
  if (!websocket::is_upgrade(r) || !r.body().empty()) {
    return refuse(400, invalid("/ws wants a WebSocket upgrade"));
  }
  if (r[http::field::sec_websocket_version] != "13") {
    auto answer = answer_error(426, invalid("version 13 of the WebSocket protocol is needed"));
    answer.set(http::field::sec_websocket_version, "13");
    answer.set(http::field::upgrade, "websocket");
    answer.set(http::field::connection, "upgrade");
    return refuse(std::move(answer));
  }
  if (!has_good_key(r)) {
    return refuse(400,
                  invalid_field("Sec-WebSocket-Key",
                                "exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed")
                      .value());
  }
  if (buffer_.size() > 0) {
    // RFC 6455 section 4.1: the client waits for our answer. What came early could be another
    // request, smuggled in.
    return refuse(400, invalid("bytes after the upgrade request"));
  }
  if (!origin_allowed(r, hub_.options.allowed_origins)) {
    net_metrics::instance().refused("origin");
    telemetry::note_security(
        {.what = "origin_refused",
         .text = "a web page of another origin was refused, from " + who_.address,
         .address = who_.address,
         .of = network_of(who_.address),
         .per_minute = 1});
    return refuse(403, {ec::forbidden, "this origin is not allowed here", {}});
  }
  const auto chosen = choose_subprotocol(r);
  if (!chosen) {
    return refuse(400,
                  invalid("sub-protocols here are greenroom.v1.json and greenroom.v1.msgpack"));
  }
  auto who = who_;
  who.encoding = chosen->encoding;
  const auto self = shared_from_this();
  ended_ = true;  // the socket lives on in its successor, which counts it on
  io_.leave(id_);
  if (used_handler_) hub_.handler.closed(id_, end_reason::by_server);
  start_websocket_session(hub_, io_, std::move(socket_), r, who, chosen->name, bearer_of(r), how_,
                          std::move(place_));
}

}  // namespace greenroom::net
