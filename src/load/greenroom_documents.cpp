// SPDX-License-Identifier: MIT
/// greenroom by its own codec (docs/protocol.md): the binary framing over TCP, MessagePack over
/// WebSocket, and JSON where answers have to be understood (`mixed`). Same options as the templates
/// of greenroom.cpp (--ws-tokens, --ws-create, --ws-alias).
///
/// Outside of `mixed` what comes is told apart by its number or type and not parsed: the generator
/// must cost less than the server.

#include <unordered_map>

#include "load/driver.hpp"
#include "load/machine.hpp"
#include "load/payload.hpp"
#include "load/random_ids.hpp"
#include "load/template_text.hpp"
#include "load/websocket_frames.hpp"
#include "protocol/codec.hpp"
#include "protocol/framing.hpp"
#include "protocol/glance.hpp"
#include "protocol/requests.hpp"

namespace greenroom::load {

namespace {

using namespace greenroom::protocol;

constexpr std::size_t watched_max = 50;     // people whose presence one connection asks for
constexpr std::uint32_t page_entries = 50;  // of a history

class document_driver final : public driver {
 public:
  document_driver(const load_options& o, sink& s)
      : driver(o, s),
        alias_(o.ws.alias),
        tokens_(tokens_of(o)),
        over_tcp_(o.proto == "greenroom-tcp"),
        encoding_(o.proto == "greenroom" ? encoding::json : encoding::msgpack),
        acks_only_(o.mode == "ingest"),
        mixed_(o.mode == "mixed") {}

  void prepare(std::size_t connections) override { check_tokens(tokens_, options_, connections); }

  /// Senders are members, and get their own.
  [[nodiscard]] int copies(int members, int senders) const override { return members + senders; }

  void start(connection& c) override {
    if (over_tcp_) return sign_in(c);
    put_upgrade(c.out, "/ws", options_.host, options_.port,
                encoding_ == encoding::json ? "greenroom.v1.json" : "greenroom.v1.msgpack");
  }

  void publish(connection& c, const std::string& payload) override {
    send_message_request message;
    message.room_id = room_of(c).id;
    message.content = payload;
    say(c, message);
  }

  bool act(connection& c, action what, std::uint64_t due_ns, const std::string& payload) override {
    asked_[ask(c, what, payload)] = {what, due_ns};
    return true;
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    return over_tcp_ ? parse_tcp(c, {data, size}) : parse_websocket(c, {data, size});
  }

 private:
  /// connection::step: what is waited for.
  enum : std::uint8_t { connecting = 0, authenticating, joining, creating, in_room };
  enum class kind : std::uint8_t { other, auth, room, ack, refusal, message };
  struct room_state {
    std::string alias;
    uuid id;
    std::uint64_t last_seq = 1;  ///< of what was acknowledged
    std::vector<uuid> people;    ///< some of its members
  };
  struct pending {
    action what = action::send;
    std::uint64_t due_ns = 0;
  };

  // -- frames -------------------------------------------------------------------------------------

  std::size_t parse_tcp(connection& c, std::string_view bytes) {
    std::size_t done = 0;
    while (bytes.size() - done >= frame_header_bytes) {
      const auto rest = bytes.substr(done);
      const auto h = read_frame_header(rest);
      if (rest.size() - frame_header_bytes < h.length) break;
      take(c, kind_of_number(h.number), rest.substr(frame_header_bytes, h.length));
      if (!c.is_open()) return bytes.size();
      done += frame_header_bytes + h.length;
    }
    return done;
  }

  std::size_t parse_websocket(connection& c, std::string_view bytes) {
    std::size_t done = 0;
    if (c.step == connecting) {
      const auto head = read_upgrade(bytes);
      if (!head) return 0;
      if (!is_upgraded(*head)) {
        sink_.failed(c, "upgrade", head->substr(0, 80));
        return bytes.size();
      }
      done = head->size() + empty_line_bytes;
      sign_in(c);
    }
    while (const auto frame = read_frame(bytes.substr(done))) {
      done = static_cast<std::size_t>(frame->payload.data() + frame->payload.size() - bytes.data());
      if (frame->opcode == close_frame) {
        sink_.failed(c, "ws close", frame->payload);
      } else if (frame->opcode == ping) {
        put_frame(c.out, pong, frame->payload);
        c.has_output = true;
      } else if (frame->opcode != pong) {
        take(c, kind_of_type(type_of(frame->payload)), frame->payload);
      }
      if (!c.is_open()) return bytes.size();
    }
    return done;
  }

  template <class Request>
  static std::uint16_t answer_number(const Request& r) {
    return static_cast<std::uint16_t>(answer_frame_base + frame_number(request(r)));
  }

  static kind kind_of_number(std::uint16_t number) {
    static const auto auth = answer_number(auth_request{});
    static const auto join = answer_number(join_room_request{});
    static const auto create = answer_number(create_room_request{});
    static const auto ack = answer_number(send_message_request{});
    if (number == event_frame_base) return kind::message;
    if (number == ack) return kind::ack;
    if (number == error_frame_number) return kind::refusal;
    if (number == auth) return kind::auth;
    return number == join || number == create ? kind::room : kind::other;
  }

  static kind kind_of_type(std::string_view type) {
    if (type == "message_received") return kind::message;
    if (type == "message_ack") return kind::ack;
    if (type == "error") return kind::refusal;
    if (type == "auth_response") return kind::auth;
    return type == "room_response" ? kind::room : kind::other;
  }

  [[nodiscard]] std::string_view type_of(std::string_view document) const {
    if (encoding_ == encoding::msgpack) {
      const auto seen = glance_at(document);
      return seen ? seen->type : std::string_view();
    }
    // Nodes write the type first in "data", and no user's text before it.
    constexpr std::string_view before = R"("data":{"type":")";
    const auto at = document.find(before);
    if (at == std::string_view::npos) return {};
    const auto begin = at + before.size();
    return document.substr(begin, document.find('"', begin) - begin);
  }

  // -- what comes ---------------------------------------------------------------------------------

  void take(connection& c, kind what, std::string_view document) {
    if (c.step == in_room) return take_in_room(c, what, document);
    const bool refused = what == kind::refusal;
    const bool exists = refused && c.step == creating && has(document, "CONFLICT");
    if (refused && !exists) return sink_.failed(c, "join", document);
    if (c.step == authenticating && what == kind::auth) {
      if (c.role == role::owner) return create(c);
      if (mixed_) remember_person(c, document);
      c.step = joining;
      join_room_request join;
      join.alias = room_of(c).alias;
      say(c, join);
    } else if (c.step == joining && what == kind::room) {
      enter(c);
    } else if (c.step == creating && (exists || what == kind::room)) {
      if (static_cast<int>(++c.room) < options_.rooms) return create(c);
      enter(c);
    }
  }

  void take_in_room(connection& c, kind what, std::string_view document) {
    if (what == kind::message) {
      if (acks_only_) return;
      const auto* payload = find_payload(document.data(), document.data() + document.size());
      if (payload != nullptr) sink_.delivered(c, payload);
    } else if (mixed_) {
      take_answer(c, document);
    } else if (what == kind::ack) {
      sink_.acknowledged(c, true);
    } else if (what == kind::refusal) {
      if (c.published > 0) return sink_.acknowledged(c, false, document);
      sink_.failed(c, "error", document);
    }
  }

  /// Of anything: which it belongs to is told by the id of what was asked.
  void take_answer(connection& c, std::string_view document) {
    if (!has(document, "correlation_id")) return;  // an event
    const auto read = decode_server(encoding_, document);
    if (!read) return sink_.failed(c, "document", read.error().message);
    const auto* answer = std::get_if<answer_envelope>(&*read);
    if (answer == nullptr || !answer->correlation_id) return sink_.failed(c, "error", document);
    const auto asked = asked_.find(*answer->correlation_id);
    if (asked == asked_.end()) return;
    const auto [what, due_ns] = asked->second;
    asked_.erase(asked);
    if (const auto* ack = std::get_if<message_ack>(&answer->data)) {
      auto& last = room_of(c).last_seq;
      last = std::max(last, ack->seq);
    }
    const bool refused = std::holds_alternative<error>(answer->data);
    sink_.answered(c, what, due_ns, !refused, refused ? document : std::string_view());
  }

  void remember_person(connection& c, std::string_view document) {
    const auto read = decode_server(encoding_, document);
    const auto* answer = read ? std::get_if<answer_envelope>(&*read) : nullptr;
    const auto* auth = answer != nullptr ? std::get_if<auth_response>(&answer->data) : nullptr;
    auto& people = room_of(c).people;
    if (auth != nullptr && people.size() < watched_max) people.push_back(auth->user.id);
  }

  static bool has(std::string_view document, std::string_view what) {
    return find_text(document.data(), document.data() + document.size(), what) != nullptr;
  }

  // -- what is said -------------------------------------------------------------------------------

  void sign_in(connection& c) {
    c.step = authenticating;
    auth_request auth;
    auth.token = c.role == role::owner ? tokens_.back() : tokens_[c.id];
    say(c, auth);
  }

  void create(connection& c) {
    c.step = creating;
    create_room_request what;
    what.name = what.alias.emplace(room_of(c).alias);
    what.type = room_type::open;
    say(c, what);
  }

  void enter(connection& c) {
    c.step = in_room;
    sink_.joined(c);
  }

  uuid ask(connection& c, action what, const std::string& payload) {
    const auto& room = room_of(c);
    const bool odd = (++turn_ & 1U) != 0;
    switch (what) {
      case action::typing:
        return say(c, typing{room.id, odd});
      case action::read: {
        mark_request mark;
        mark.room_id = room.id;
        mark.seq = room.last_seq;
        return say(c, mark);
      }
      case action::history: {
        history_request page;
        page.room_id = room.id;
        page.limit = page_entries;
        return say(c, page);
      }
      case action::presence:
        if (odd) return say(c, presence_request{room.people});
        return say(c, set_presence_request{(turn_ & 2U) != 0 ? presence_status::online
                                                             : presence_status::away});
      case action::rooms:
        return say(c, room_list_request{});
      case action::send:
        break;
    }
    send_message_request message;
    message.room_id = room.id;
    message.content = payload;
    return say(c, message);
  }

  template <class Request>
  uuid say(connection& c, const Request& what) {
    const auto id = ids_();
    const auto document = encode_request(encoding_, {id, what});
    if (over_tcp_) {
      append_frame(c.out, frame_number(request(what)), document);
    } else {
      put_frame(c.out, encoding_ == encoding::json ? text_frame : binary_frame, document);
    }
    c.has_output = true;
    return id;
  }

  room_state& room_of(const connection& c) {
    if (rooms_.size() <= c.room) rooms_.resize(c.room + 1);
    auto& room = rooms_[c.room];
    if (room.alias.empty()) {
      alias_.fill(room.alias, [&](char code) {
        if (code == 'r') room.alias += room_name(c);
      });
      room.id = room_id_of_alias(room.alias);
    }
    return room;
  }

  const template_text alias_;
  const std::vector<std::string> tokens_;
  const bool over_tcp_;
  const encoding encoding_;
  const bool acks_only_;
  const bool mixed_;
  std::vector<room_state> rooms_;
  std::unordered_map<uuid, pending> asked_;
  std::uint64_t turn_ = 0;
  random_ids ids_;
};

}  // namespace

std::unique_ptr<driver> make_document_driver(const load_options& o, sink& s) {
  return std::make_unique<document_driver>(o, s);
}

}  // namespace greenroom::load
