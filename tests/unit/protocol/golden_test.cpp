// SPDX-License-Identifier: MIT
// Documents as they are on the wire, byte for byte. A change here is a change of the protocol.
#include <catch2/catch.hpp>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

uuid nth(std::size_t n) {
  return uuid::parse(nth_id(n)).value();
}

const std::string prefix = "018f6b1e-00aa-7000-8000-00000000000";
constexpr unix_ms moment = 1'700'000'000'123;
const std::string moment_text = "2023-11-14T22:13:20.123Z";

/// `#1` to `#9` become ids, `@` becomes the moment, `#@` stays an `@`.
std::string expand(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "#@") {  // a literal one
      out += '@';
      ++i;
    } else if (text[i] == '#') {
      out += prefix + text[++i];
    } else if (text[i] == '@') {
      out += moment_text;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string answer(answer_data data, bool duplicate = false) {
  return encode_answer(encoding::json, {nth(1), moment, std::move(data), duplicate});
}

std::string event(event_data data) {
  return encode_event(encoding::json, {moment, std::move(data)});
}

std::string answer_text(std::string_view data) {
  return expand(R"({"version":"1","correlation_id":"#1","timestamp":"@","data":)" +
                std::string(data) + "}");
}

std::string event_text(std::string_view data) {
  return expand(R"({"version":"1","timestamp":"@","data":)" + std::string(data) + "}");
}

user alice() {
  user u;
  u.id = nth(2);
  u.username = "alice";
  u.display_name = "Alice";
  u.created_at = moment;
  return u;
}

room lobby() {
  room r;
  r.id = nth(3);
  r.name = "Lobby";
  r.alias = "lobby";
  r.type = room_type::open;
  r.member_count = 1;
  r.created_by = nth(2);
  r.created_at = moment;
  r.last_seq = 1;
  return r;
}

message hello() {
  message m;
  m.id = nth(4);
  m.message_id = nth(1);
  m.room_id = nth(3);
  m.seq = 2;
  m.sender_id = nth(2);
  m.content = "say \"h\xc3\xa9llo\"\n";
  m.created_at = moment;
  return m;
}

constexpr std::string_view alice_text =
    R"({"id":"#2","username":"alice","display_name":"Alice","avatar_url":null,"is_online":false,)"
    R"("last_seen":null,"created_at":"@","role":"user")";
constexpr std::string_view lobby_text =
    R"({"id":"#3","name":"Lobby","alias":"lobby","description":null,"topic":null,)"
    R"("room_type":"public","is_private":false,"archived":false,"members":null,"member_count":1,)"
    R"("created_by":"#2","created_at":"@","last_message_at":null,"last_seq":1)";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (auto part : parts)
    all += part;
  return all;
}

}  // namespace

TEST_CASE("golden: requests", "[golden]") {
  send_message_request r;
  r.room_id = nth(3);
  r.content = "hello";
  r.reply_to = nth(4);
  CHECK(encode_request(encoding::json, {nth(1), r}) ==
        expand(R"({"version":"1","message_id":"#1","data":{"type":"send_message_request",)"
               R"("room_id":"#3","content":"hello","message_type":"text","reply_to":"#4",)"
               R"("safety":"quorum"}})"));
  resume_request resume;
  resume.rooms[nth(3)] = 7;
  CHECK(encode_request(encoding::json, {nth(1), resume}) ==
        expand(R"({"version":"1","message_id":"#1","data":{"type":"resume_request",)"
               R"("rooms":{"#3":7}}})"));
  CHECK(encode_request(encoding::json, {nth(1), unsupported_request{"search_request"}}) ==
        expand(R"({"version":"1","message_id":"#1","data":{"type":"search_request"}})"));
}

TEST_CASE("golden: short answers", "[golden]") {
  CHECK(answer(ok_response{}) == answer_text(R"({"type":"ok"})"));
  CHECK(answer(ok_response{}, true) == answer_text(R"({"type":"ok","duplicate":true})"));
  CHECK(answer(heartbeat_response{}) == answer_text(R"({"type":"heartbeat_response"})"));
  CHECK(answer(message_ack{nth(3), nth(4), 9, moment, 2, 3}) ==
        answer_text(R"({"type":"message_ack","room_id":"#3","id":"#4","seq":9,"created_at":"@",)"
                    R"("duplicate":false,"term":2,"replicas":3})"));
  CHECK(answer(message_ack{nth(3), nth(4), 9, moment, 2, 3}, true) ==
        answer_text(R"({"type":"message_ack","room_id":"#3","id":"#4","seq":9,"created_at":"@",)"
                    R"("duplicate":true,"term":2,"replicas":3})"));
}

TEST_CASE("golden: errors", "[golden]") {
  CHECK(answer(too_large("content", 16384).value()) ==
        answer_text(R"({"type":"error","code":"TOO_LARGE","message":"content exceeds its limit of )"
                    R"(16384","details":{"field":"content","limit":16384}})"));
  CHECK(answer(fail(ec::forbidden, "no").value()) ==
        answer_text(R"({"type":"error","code":"FORBIDDEN","message":"no","details":null})"));
  error all{ec::unavailable, "later", {"f", 1, 2, 3, 4}};
  CHECK(answer(all) ==
        answer_text(R"({"type":"error","code":"UNAVAILABLE","message":"later","details":)"
                    R"({"field":"f","limit":1,"retry_after_ms":2,"seq":3,"replicas":4}})"));
  CHECK(encode_answer(encoding::json, {std::nullopt, moment, ok_response{}}) ==
        expand(R"({"version":"1","correlation_id":null,"timestamp":"@","data":{"type":"ok"}})"));
}

TEST_CASE("golden: users and log-in", "[golden]") {
  CHECK(answer(user_response{alice()}) ==
        answer_text(join({R"({"type":"user_response","user":)", alice_text, "}}"})));
  CHECK(answer(user_list_response{{}, "next"}) ==
        answer_text(R"({"type":"user_list_response","users":[],"next_cursor":"next"})"));
  auto own = alice();
  own.email = "";
  CHECK(answer(auth_response{true, "t", "r", moment, nth(5), own}) ==
        answer_text(join({R"({"type":"auth_response","success":true,"token":"t",)",
                          R"("refresh_token":"r","expires_at":"@","session_id":"#5","user":)",
                          alice_text, R"(,"email":null}})"})));
  own.email = "Alice@example.org";
  CHECK(answer(user_response{own}) ==
        answer_text(join({R"({"type":"user_response","user":)", alice_text,
                          R"(,"email":"Alice#@example.org"}})"})));
}

TEST_CASE("golden: sessions and presence", "[golden]") {
  CHECK(answer(session_list_response{{{nth(5), "", moment, moment, "192.0.2.1", true}}}) ==
        answer_text(R"({"type":"session_list_response","sessions":[{"session_id":"#5",)"
                    R"("device_id":null,"created_at":"@","last_used_at":"@",)"
                    R"("address":"192.0.2.1","current":true}]})"));
  CHECK(answer(presence_response{{{nth(2), false, "offline", 0}}}) ==
        answer_text(R"({"type":"presence_response","presences":[{"user_id":"#2",)"
                    R"("is_online":false,"status":"offline","last_seen":null}]})"));
}

TEST_CASE("golden: rooms", "[golden]") {
  CHECK(answer(room_response{lobby(), std::nullopt}) ==
        answer_text(join({R"({"type":"room_response","room":)", lobby_text, "}}"})));
  CHECK(answer(room_response{lobby(), room_response::joined{7, 3, member_role::owner}}) ==
        answer_text(join({R"({"type":"room_response","room":)", lobby_text,
                          R"(},"last_seq":7,"read_seq":3,"role":"owner"})"})));
  auto listed = lobby();
  listed.standing = room_standing{member_role::admin, 1, 2, 3};
  CHECK(answer(room_list_response{{listed}, std::nullopt}) ==
        answer_text(join({R"({"type":"room_list_response","rooms":[)", lobby_text,
                          R"(,"role":"admin","read_seq":1,"unread_count":2,"mention_count":3}],)",
                          R"("next_cursor":null})"})));
  CHECK(answer(room_members_response{{{alice(), member_role::owner, true, 4, 3, moment}}, {}}) ==
        answer_text(join({R"({"type":"room_members_response","members":[{"user":)", alice_text,
                          R"(},"role":"owner","is_online":true,"delivered_seq":4,"read_seq":3,)",
                          R"("joined_at":"@"}],"next_cursor":null})"})));
  auto with_members = lobby();
  with_members.members.emplace();
  CHECK(answer(room_response{with_members, std::nullopt}).find(R"("members":[])") !=
        std::string::npos);
  with_members.members = {nth(2)};
  CHECK(answer(room_response{with_members, std::nullopt}).find(expand(R"("members":["#2"])")) !=
        std::string::npos);
}

TEST_CASE("golden: resume", "[golden]") {
  resume_response r;
  r.rooms[nth(3)] = {4, 9, true, std::nullopt};
  r.rooms[nth(4)].failure = fail(ec::room_not_found, "gone").value();
  CHECK(
      answer(r) ==
      answer_text(R"({"type":"resume_response","rooms":{)"
                  R"("#3":{"first_seq":4,"last_seq":9,"complete":true},)"
                  R"("#4":{"error":{"code":"ROOM_NOT_FOUND","message":"gone","details":null}}}})"));
}

TEST_CASE("golden: history", "[golden]") {
  CHECK(answer(history_response{{hello()}, false, 2, false}) ==
        answer_text(R"({"type":"history_response","messages":[{"id":"#4","message_id":"#1",)"
                    R"("room_id":"#3","seq":2,"sender_id":"#2","message_type":"text",)"
                    "\"content\":\"say \\\"h\xc3\xa9llo\\\"\\n\","
                    R"("metadata":null,"reply_to":null,"thread":null,"mentions":[],"pinned":false,)"
                    R"("status":"sent","created_at":"@","edited_at":null,"deleted_at":null,)"
                    R"("reactions":[]}],"has_more":false,"last_seq":2,"stale":false})"));
}

TEST_CASE("golden: one message and its receivers", "[golden]") {
  auto m = hello();
  m.status = message_state::read;
  m.delivered_to = {nth(2), nth(5)};
  m.read_by = std::vector<uuid>{};
  CHECK(answer(message_response{m}) ==
        answer_text(R"({"type":"message_response","message":{"id":"#4","message_id":"#1",)"
                    R"("room_id":"#3","seq":2,"sender_id":"#2","message_type":"text",)"
                    "\"content\":\"say \\\"h\xc3\xa9llo\\\"\\n\","
                    R"("metadata":null,"reply_to":null,"thread":null,"mentions":[],"pinned":false,)"
                    R"("status":"read","created_at":"@","edited_at":null,"deleted_at":null,)"
                    R"("reactions":[],"delivered_to":["#2","#5"],"read_by":[]}})"));
}

TEST_CASE("golden: events of a room", "[golden]") {
  const std::string_view message_text =
      R"({"id":"#4","message_id":"#1","room_id":"#3","seq":2,"sender_id":"#2",)"
      "\"message_type\":\"text\",\"content\":\"say \\\"h\xc3\xa9llo\\\"\\n\","
      R"("pinned":false,"status":"sent","created_at":"@")";
  CHECK(event(message_received{nth(3), 2, hello()}) ==
        event_text(join({R"({"type":"message_received","room_id":"#3","seq":2,"message":)",
                         message_text, "}}"})));
  auto liked = hello();
  liked.reactions = {{"+1", 1, {nth(5)}}};
  CHECK(event(message_updated{nth(3), 3, nth(5), message_change::reaction, "+1", liked}) ==
        event_text(join({R"({"type":"message_updated","room_id":"#3","seq":3,"by":"#5",)",
                         R"("change":"reaction","emoji":"+1","message":)", message_text,
                         R"(,"reactions":[{"emoji":"+1","count":1,"user_ids":["#5"]}]}})"})));
  CHECK(event(room_event{nth(3), 1, room_event_kind::created, nth(2), nth(2), lobby()}) ==
        event_text(R"({"type":"room_event","room_id":"#3","seq":1,"kind":"created",)"
                   R"("user_id":"#2","by":"#2","room":{"id":"#3","name":"Lobby","alias":"lobby",)"
                   R"("room_type":"public","is_private":false,"archived":false,"member_count":1,)"
                   R"("created_by":"#2","created_at":"@","last_seq":1}})"));
}

TEST_CASE("golden: other events", "[golden]") {
  CHECK(event(message_status{nth(3), nth(2), message_state::read, 9}) ==
        event_text(R"({"type":"message_status","room_id":"#3","user_id":"#2","status":"read",)"
                   R"("seq":9})"));
  CHECK(event(typing_event{nth(3), nth(2), false}) ==
        event_text(R"({"type":"typing","room_id":"#3","user_id":"#2","is_typing":false})"));
  CHECK(event(presence_event{nth(2), false, "away", moment}) ==
        event_text(R"({"type":"presence","user_id":"#2","is_online":false,"status":"away",)"
                   R"("last_seen":"@"})"));
  CHECK(event(session_event{session_event_kind::draining, std::nullopt, 1500}) ==
        event_text(R"({"type":"session_event","kind":"draining","retry_after_ms":1500})"));
  CHECK(event(session_event{session_event_kind::stale, nth(3), std::nullopt}) ==
        event_text(R"({"type":"session_event","kind":"stale","room_id":"#3"})"));
}

TEST_CASE("golden: MessagePack", "[golden]") {
  const auto bytes = encode_event(encoding::msgpack, {moment, typing_event{nth(3), nth(2), true}});
  CHECK(bytes ==
        "\x83\xa7version\xa1"
        "1\xa9timestamp\xb8" +
            moment_text +
            "\xa4"
            "data\x84\xa4type\xa6typing\xa7room_id\xd9\x24" +
            nth_id(3) + "\xa7user_id\xd9\x24" + nth_id(2) + "\xa9is_typing\xc3");
}
