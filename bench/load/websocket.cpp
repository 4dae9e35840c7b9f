// SPDX-License-Identifier: MIT
/// Any WebSocket server, by templates: the smallest room server beside this, and greenroom.
///
/// Answers are recognised by texts, not parsed: the generator must cost less than the server.

#include <algorithm>
#include <optional>

#include "load/driver.hpp"
#include "load/payload.hpp"
#include "load/random_ids.hpp"
#include "load/template_text.hpp"
#include "machine.hpp"
#include "protocol/uuid.hpp"

namespace bench {

namespace {

enum opcode : std::uint8_t {
  text_frame = 1,
  binary_frame = 2,
  close_frame = 8,
  ping = 9,
  pong = 10
};

struct frame_view {
  std::uint8_t opcode = 0;
  std::string_view payload;
};

/// Nothing when not all of it is there. Servers do not mask.
std::optional<frame_view> read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::uint64_t length = static_cast<std::uint8_t>(bytes[1]) & 127U;
  std::size_t head = 2;
  if (length >= 126) {
    const std::size_t length_bytes = length == 126 ? 2 : 8;
    head += length_bytes;
    if (bytes.size() < head) return std::nullopt;
    length = 0;
    for (std::size_t i = 2; i < head; ++i)
      length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  if (bytes.size() - head < length) return std::nullopt;
  const auto code = static_cast<std::uint8_t>(static_cast<std::uint8_t>(bytes[0]) & 15U);
  return frame_view{code, bytes.substr(head, length)};
}

/// Masked with key 0: the server still has to unmask.
void put_frame(std::string& to, std::uint8_t code, std::string_view payload) {
  to += static_cast<char>(0x80U | code);
  const auto size = static_cast<std::uint64_t>(payload.size());
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  to += static_cast<char>(0x80U | (length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U));
  for (int i = length_bytes - 1; i >= 0; --i)
    to += static_cast<char>(size >> (8 * i) & 255U);
  to.append(4, '\0').append(payload);
}

bool has(std::string_view text, const std::string& what) {
  return find_text(text.data(), text.data() + text.size(), what) != nullptr;
}
bool has_any(std::string_view text, const std::vector<std::string>& of) {
  return std::any_of(of.begin(), of.end(), [&](const auto& what) { return has(text, what); });
}

class websocket_driver final : public driver {
 public:
  websocket_driver(const load_options& o, sink& s)
      : driver(o, s),
        create_(make_step(o.ws.create_room)),
        path_(o.ws.path),
        publish_(unescape(o.ws.publish)),
        alias_(o.ws.alias),
        ack_(unescape(o.ws.ack)),
        errors_(split(o.ws.errors, "||")),
        taken_(split(o.ws.taken, "||")),
        acks_only_(o.mode == "ingest" && !ack_.empty()) {
    for (const auto& step : split(o.ws.join, "||"))
      steps_.push_back(make_step(step));
    if (!o.ws.tokens.empty()) tokens_ = split(read_file(o.ws.tokens), "\n");
  }

  void prepare(std::size_t connections) override {
    // Who makes the rooms is a member of all of them: a user of its own, the last of the file.
    const auto wanted = connections + (options_.ws.create_rooms ? 1 : 0);
    if (!options_.ws.tokens.empty() && tokens_.size() < wanted) {
      give_up(std::to_string(tokens_.size()) + " tokens in " + options_.ws.tokens + ", " +
              std::to_string(wanted) + " needed");
    }
    if (options_.ws.create_rooms && create_.send.empty()) {
      give_up("--ws-create needs --ws-new");
    }
  }

  [[nodiscard]] int copies(int members, int senders) const override {
    if (!options_.ws.senders_join) return members;
    return members + senders - (options_.ws.echo ? 0 : 1);
  }

  void start(connection& c) override {
    c.out += "GET ";
    fill(c.out, c, path_);
    c.out += " HTTP/1.1\r\nHost: " + options_.host + ":" + std::to_string(options_.port) +
             "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    if (!options_.ws.subprotocol.empty()) {
      c.out += "Sec-WebSocket-Protocol: " + options_.ws.subprotocol + "\r\n";
    }
    c.out += "\r\n";
  }

  void publish(connection& c, const std::string& payload) override { say(c, publish_, payload); }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    std::size_t done = 0;
    if (c.step == upgrading) {
      const char* head_end = find_text(data, data + size, "\r\n\r\n");
      if (head_end == nullptr) return 0;
      const auto head = text_between(data, head_end);
      if (head.substr(0, 12) != "HTTP/1.1 101") {
        sink_.failed(c, "upgrade", head.substr(0, 80));
        return size;
      }
      done = head.size() + 4;
      next_step(c);
    }
    while (const auto frame = read_frame({data + done, size - done})) {
      done = static_cast<std::size_t>(frame->payload.data() + frame->payload.size() - data);
      take(c, *frame);
      if (!c.is_open()) return size;
    }
    return done;
  }

 private:
  /// connection::step: between these, n waits for the answer to step n-1 of the join.
  enum : std::uint8_t { upgrading = 0, creating = 254, in_room = 255 };
  struct names {
    std::string alias;
    std::string id;
  };

  void take(connection& c, const frame_view& frame) {
    if (frame.opcode == close_frame) return sink_.failed(c, "ws close", frame.payload);
    if (frame.opcode == ping) {
      put_frame(c.out, pong, frame.payload);
      c.has_output = true;
    } else if (frame.opcode != pong) {
      c.step == in_room ? take_in_room(c, frame.payload) : take_answer(c, frame.payload);
    }
  }

  /// Before the connection is ready: the answer that is waited for, or an event.
  void take_answer(connection& c, std::string_view text) {
    const bool is_creating = c.step == creating;
    const bool refused = has_any(text, errors_);
    const bool exists = refused && is_creating && has_any(text, taken_);
    if (refused && !exists) return sink_.failed(c, "join", text);
    const auto& expected = is_creating ? create_.expected : steps_[c.step - 1U].expected;
    if (!exists && !has(text, expected)) return;
    if (!is_creating) return next_step(c);
    if (static_cast<int>(++c.room) < options_.rooms) return say(c, create_.send);
    enter(c);
  }

  void next_step(connection& c) {
    for (;;) {
      const std::size_t step = c.step;
      const bool is_last = step + 1 == steps_.size();
      if (is_last && c.role == role::owner) {
        c.step = creating;
        return say(c, create_.send);
      }
      const bool stays_out = c.role == role::sender && !options_.ws.senders_join;
      if (step >= steps_.size() || (is_last && stays_out)) return enter(c);
      say(c, steps_[step].send);
      ++c.step;
      if (!steps_[step].expected.empty()) return;
    }
  }

  void enter(connection& c) {
    c.step = in_room;
    sink_.joined(c);
  }

  void take_in_room(connection& c, std::string_view text) {
    // Answers come only to those who have sent something.
    if (c.published > 0 && !ack_.empty() && has(text, ack_)) {
      return sink_.acknowledged(c, !has_any(text, errors_), text);
    }
    const char* const end = text.data() + text.size();
    const char* payload = guessed_payload(text);
    if (payload == nullptr) payload = find_payload(text.data(), end);
    if (payload == nullptr) {
      if (c.published > 0 && has_any(text, errors_)) sink_.acknowledged(c, false, text);
      return;
    }
    if (acks_only_) return;  // own messages coming back
    guess_ = static_cast<std::size_t>(payload - text.data());
    const auto shortest_rest = std::ptrdiff_t{2} * options_.size;
    while (payload != nullptr) {
      sink_.delivered(c, payload);
      const bool has_more = end - payload >= shortest_rest;
      payload = has_more ? find_payload(payload + payload_head_bytes, end) : nullptr;
    }
  }

  /// Where the payload was in the last frame, it mostly is again.
  [[nodiscard]] const char* guessed_payload(std::string_view text) const {
    if (guess_ + payload_head_bytes > text.size()) return nullptr;
    const char* at = text.data() + guess_;
    return is_payload(at) ? at : nullptr;
  }

  void say(connection& c, const template_text& what, const std::string& payload = {}) {
    text_.clear();
    fill(text_, c, what, payload);
    put_frame(c.out, options_.ws.binary ? binary_frame : text_frame, text_);
    c.has_output = true;
  }

  void fill(std::string& to, const connection& c, const template_text& what,
            const std::string& payload = {}) {
    what.fill(to, [&](char code) {
      switch (code) {
        case 'r':
          to += room_name(c);
          break;
        case 'n':
          to += nick(c);
          break;
        case 'i':
          to += std::to_string(c.id);
          break;
        case 's':
          to += std::to_string(c.published);
          break;
        case 'p':
          to += payload;
          break;
        case 't':
          if (!tokens_.empty()) to += c.role == role::owner ? tokens_.back() : tokens_[c.id];
          break;
        case 'u':
          to += ids_().str();
          break;
        case 'A':
          to += names_of_room(c).alias;
          break;
        default:
          to += names_of_room(c).id;
          break;
      }
    });
  }

  const names& names_of_room(const connection& c) {
    if (rooms_.size() <= c.room) rooms_.resize(c.room + 1);
    auto& room = rooms_[c.room];
    if (room.alias.empty()) {
      std::string alias;
      fill(alias, c, alias_);
      room = {alias, greenroom::room_id_of_alias(alias).str()};
    }
    return room;
  }

  std::vector<template_step> steps_;
  const template_step create_;
  const template_text path_;
  const template_text publish_;
  const template_text alias_;
  const std::string ack_;
  const std::vector<std::string> errors_;
  const std::vector<std::string> taken_;
  const bool acks_only_;  ///< ingest with acknowledgements
  std::vector<std::string> tokens_;
  std::vector<names> rooms_;
  random_ids ids_;
  std::string text_;
  std::size_t guess_ = 0;
};

}  // namespace

std::unique_ptr<driver> make_websocket_driver(const load_options& o, sink& s) {
  return std::make_unique<websocket_driver>(o, s);
}

}  // namespace bench
