// SPDX-License-Identifier: MIT
/// greenroom.v1.json in the templates of the WebSocket driver. Senders join and get their own
/// messages. JSON is matched as text without blanks, as docs/protocol.md promises it.

#include "load/driver.hpp"

namespace greenroom::load {

namespace {

std::string request(const std::string& fields) {
  return R"({"version":"1","message_id":"%u","data":{"type":)" + fields + "}}";
}

}  // namespace

void speak_greenroom(load_options& o) {
  auto& ws = o.ws;
  ws.path = "/ws";
  ws.subprotocol = "greenroom.v1.json";
  ws.binary = false;
  ws.join = request(R"("auth_request","token":"%t")") + R"(=>"auth_response"||)" +
            request(R"("join_room_request","alias":"%A")") + R"(=>"room_response")";
  ws.publish =
      request(R"("send_message_request","room_id":"%a","content":"%p","message_type":"text")");
  ws.ack = R"("message_ack")";
  ws.errors = R"("type":"error"||"success":false||"duplicate":true)";
  ws.create_room =
      request(R"("create_room_request","name":"%A","alias":"%A","room_type":"public")") +
      R"(=>"room_response")";
  ws.taken = "CONFLICT";
  ws.senders_join = true;
  ws.echo = true;
}

}  // namespace greenroom::load
