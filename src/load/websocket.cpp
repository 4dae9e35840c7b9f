// SPDX-License-Identifier: MIT
/// Any WebSocket server, by templates: the smallest room server beside this, and greenroom.
///
/// Answers are recognised by texts, not parsed: the generator must cost less than the server.

#include <algorithm>

#include "load/driver.hpp"
#include "load/machine.hpp"
#include "load/payload.hpp"
#include "load/random_ids.hpp"
#include "load/template_text.hpp"
#include "load/websocket_frames.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::load {

namespace {

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
        acks_only_(o.mode == "ingest" && !ack_.empty()),
        tokens_(tokens_of(o)) {
    for (const auto& step : split(o.ws.join, "||"))
      steps_.push_back(make_step(step));
  }

  void prepare(std::size_t connections) override {
    if (!tokens_.empty()) check_tokens(tokens_, options_, connections);
    if (options_.ws.create_rooms && create_.send.empty()) {
      give_up("--ws-create needs --ws-new");
    }
  }

  [[nodiscard]] int copies(int members, int senders) const override {
    if (!options_.ws.senders_join) return members;
    return members + senders - (options_.ws.echo ? 0 : 1);
  }

  void start(connection& c) override {
    text_.clear();
    fill(text_, c, path_);
    put_upgrade(c.out, text_, options_.host, options_.port, options_.ws.subprotocol);
  }

  void publish(connection& c, const std::string& payload) override { say(c, publish_, payload); }

  std::size_t parse(connection& c, const char* data, std::size_t size) override {
    std::size_t done = 0;
    if (c.step == upgrading) {
      const auto head = read_upgrade({data, size});
      if (!head) return 0;
      if (!is_upgraded(*head)) {
        sink_.failed(c, "upgrade", head->substr(0, 80));
        return size;
      }
      done = head->size() + empty_line_bytes;
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
  const std::vector<std::string> tokens_;
  std::vector<names> rooms_;
  random_ids ids_;
  std::string text_;
  std::size_t guess_ = 0;
};

}  // namespace

std::unique_ptr<driver> make_websocket_driver(const load_options& o, sink& s) {
  return std::make_unique<websocket_driver>(o, s);
}

}  // namespace greenroom::load
