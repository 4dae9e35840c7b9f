// SPDX-License-Identifier: MIT
/// greenroom over TCP: the binary framing of docs/protocol.md, section 6. What the WebSocket driver
/// does with the templates of greenroom.cpp, with the same options (--ws-tokens, --ws-create,
/// --ws-alias); frames are told apart by their numbers, not parsed.

#include "load/driver.hpp"
#include "load/payload.hpp"
#include "load/random_ids.hpp"
#include "load/template_text.hpp"
#include "machine.hpp"
#include "protocol/codec.hpp"
#include "protocol/framing.hpp"
#include "protocol/requests.hpp"

namespace bench {

namespace {

using namespace greenroom::protocol;

constexpr std::uint16_t message_received_number = event_frame_base;

template <class Request>
std::uint16_t answer_number(const Request& r) {
  return static_cast<std::uint16_t>(answer_frame_base + frame_number(request(r)));
}

class tcp_driver final : public driver {
 public:
  tcp_driver(const load_options& o, sink& s)
      : driver(o, s),
        alias_(o.ws.alias),
        tokens_(split(read_file(o.ws.tokens), "\n")),
        acks_only_(o.mode == "ingest") {}

  void prepare(std::size_t connections) override {
    const auto wanted = connections + (options_.ws.create_rooms ? 1 : 0);
    if (tokens_.size() < wanted) {
      give_up(std::to_string(tokens_.size()) + " tokens in " + options_.ws.tokens + ", " +
              std::to_string(wanted) + " needed");
    }
  }

  /// Senders are members, and get their own.
  [[nodiscard]] int copies(int members, int senders) const override { return members + senders; }

  void start(connection& c) override {
    auth_request auth;
    auth.token = c.role == role::owner ? tokens_.back() : tokens_[c.id];
    say(c, auth);
  }

  void publish(connection& c, const std::string& payload) override {
    send_message_request message;
    message.room_id = names_of_room(c).id;
    message.content = payload;
    say(c, message);
  }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    std::size_t done = 0;
    while (size - done >= frame_header_bytes) {
      const std::string_view rest(data + done, size - done);
      const auto h = read_frame_header(rest);
      if (rest.size() - frame_header_bytes < h.length) break;
      take(c, h.number, rest.substr(frame_header_bytes, h.length));
      if (!c.is_open()) return size;
      done += frame_header_bytes + h.length;
    }
    return done;
  }

 private:
  /// connection::step: what is waited for.
  enum : std::uint8_t { authenticating = 0, joining, creating, in_room };
  struct names {
    std::string alias;
    greenroom::uuid id;
  };

  void take(connection& c, std::uint16_t number, std::string_view document) {
    if (c.step == in_room) return take_in_room(c, number, document);
    const bool refused = number == error_frame_number;
    const bool exists = refused && c.step == creating && has(document, "CONFLICT");
    if (refused && !exists) return sink_.failed(c, "join", document);
    if (c.step == authenticating && number == answer_number(auth_request{})) {
      if (c.role == role::owner) return create(c);
      c.step = joining;
      join_room_request join;
      join.alias = names_of_room(c).alias;
      say(c, join);
    } else if (c.step == joining && number == answer_number(join_room_request{})) {
      enter(c);
    } else if (c.step == creating && (exists || number == answer_number(create_room_request{}))) {
      if (static_cast<int>(++c.room) < options_.rooms) return create(c);
      enter(c);
    }
  }

  void create(connection& c) {
    c.step = creating;
    create_room_request what;
    what.name = what.alias.emplace(names_of_room(c).alias);
    what.type = room_type::open;
    say(c, what);
  }

  void enter(connection& c) {
    c.step = in_room;
    sink_.joined(c);
  }

  void take_in_room(connection& c, std::uint16_t number, std::string_view document) {
    if (number == answer_number(send_message_request{})) return sink_.acknowledged(c, true);
    if (number == error_frame_number) {
      if (c.published > 0) return sink_.acknowledged(c, false, document);
      return sink_.failed(c, "error", document);
    }
    if (number != message_received_number || acks_only_) return;
    const auto* payload = find_payload(document.data(), document.data() + document.size());
    if (payload != nullptr) sink_.delivered(c, payload);
  }

  static bool has(std::string_view document, std::string_view what) {
    return find_text(document.data(), document.data() + document.size(), what) != nullptr;
  }

  template <class Request>
  void say(connection& c, const Request& what) {
    const auto document = encode_request(encoding::msgpack, {ids_(), what});
    append_frame(c.out, frame_number(request(what)), document);
    c.has_output = true;
  }

  const names& names_of_room(const connection& c) {
    if (rooms_.size() <= c.room) rooms_.resize(c.room + 1);
    auto& room = rooms_[c.room];
    if (room.alias.empty()) {
      alias_.fill(room.alias, [&](char code) {
        if (code == 'r') room.alias += room_name(c);
      });
      room.id = greenroom::room_id_of_alias(room.alias);
    }
    return room;
  }

  const template_text alias_;
  const std::vector<std::string> tokens_;
  const bool acks_only_;
  std::vector<names> rooms_;
  random_ids ids_;
};

}  // namespace

std::unique_ptr<driver> make_tcp_driver(const load_options& o, sink& s) {
  return std::make_unique<tcp_driver>(o, s);
}

}  // namespace bench
