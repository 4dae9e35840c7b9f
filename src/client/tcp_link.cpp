// SPDX-License-Identifier: MIT
/// A link of the binary framing over TCP (docs/protocol.md, section 6). There are no pings in it,
/// so it sends heartbeats of its own, whose answers nobody else sees.
#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <deque>

#include "client/link_kinds.hpp"
#include "protocol/frame_decoder.hpp"

namespace greenroom::client {

namespace {

using steady = std::chrono::steady_clock;

/// Of a document of a node; more than any has.
constexpr std::size_t document_bytes_max = 64 << 20;
constexpr std::size_t read_bytes = 16 * 1024;
/// Between two heartbeats, as a part of the silence that ends a link; three may be lost.
constexpr int beats_in_silence = 4;

std::string framed(std::string_view document) {
  const auto seen = protocol::glance_at(document);
  const auto* row = seen ? protocol::find_request(seen->type) : nullptr;
  std::string out;
  protocol::append_frame(out, row != nullptr ? row->number : 0, document);
  return out;
}

/// The close code in front of the words of a closing error (docs/protocol.md, section 6).
std::uint16_t close_code_in(std::string_view message) {
  std::uint16_t code = 0;
  const auto [end, problem] =
      std::from_chars(message.data(), message.data() + message.size(), code);
  const auto rest = message.substr(static_cast<std::size_t>(end - message.data()));
  return problem == std::errc{} && rest.starts_with(": ") ? code : std::uint16_t{0};
}

struct tcp_link final : link_kind {
  tcp_link(asio::io_context& context, const options& o, link::hooks h)
      : link_kind(context, o, std::move(h)), socket(context), clock(context) {}

  std::shared_ptr<tcp_link> me() { return std::static_pointer_cast<tcp_link>(shared_from_this()); }
  beast::tcp_stream& stream() override { return socket; }

  void connected() override {
    heard_at = steady::now();
    on.open();
    if (over) return;
    read();
    tick();
  }

  void ends() override { clock.cancel(); }

  // -- reading -----------------------------------------------------------------------------------

  void read() {
    socket.async_read_some(asio::buffer(arrived), [self = me()](error_code ec, std::size_t bytes) {
      if (self->over) return;
      if (ec) {
        self->lost(self->end_of(ec));
        return;
      }
      self->take({self->arrived.data(), bytes});
      if (!self->over) self->read();
    });
  }

  void take(std::string_view bytes) {
    heard_at = steady::now();
    frames.feed(bytes);
    while (!over) {
      const auto next = frames.next();
      if (!next) {
        lost({0, "the node sends what is no frame: " + next.error().message});
        return;
      }
      if (!*next) return;
      take_frame(**next);
    }
  }

  void take_frame(const protocol::whole_frame& f) {
    const auto seen = protocol::glance_at(f.document);
    if (seen && seen->is_answer && !beat_id.empty() && seen->correlation_id == beat_id) return;
    // Only these may be the last thing that is said.
    const bool may_close =
        seen && (seen->type == "session_event" ||
                 (seen->type == "error" && seen->is_answer && seen->correlation_id.empty()));
    last_said = may_close ? std::string(f.document) : std::string();
    on.document(f.document);
  }

  /// What was said last, if that was why.
  link_end end_of(error_code ec) const {
    if (ec != asio::error::eof) return {0, words_for(ec)};
    const auto said = protocol::decode_server(protocol::encoding::msgpack, last_said);
    if (last_said.empty() || !said) return {0, "closed by the node"};
    if (const auto* e = std::get_if<protocol::event_envelope>(&*said)) {
      const auto* event = std::get_if<protocol::session_event>(&e->data);
      using enum protocol::session_event_kind;
      if (event != nullptr && event->kind == revoked) {
        return {static_cast<std::uint16_t>(close_code::session_revoked), "the session was revoked"};
      }
      const bool leaves = event != nullptr && event->kind == draining;
      return {leaves ? static_cast<std::uint16_t>(close_code::going_away) : std::uint16_t{0},
              leaves ? "this node is going away" : "closed by the node"};
    }
    const auto& answer = std::get<protocol::answer_envelope>(*said);
    const auto* failure = std::get_if<error>(&answer.data);
    if (failure == nullptr) return {0, "closed by the node"};
    auto code = close_code_in(failure->message);
    // Without one it is a frame that was not taken.
    if (code == 0) {
      code = static_cast<std::uint16_t>(
          failure->code == ec::too_large ? close_code::too_big : close_code::protocol_error);
    }
    return {code, "closed by the node (" + failure->message + ")"};
  }

  // -- writing -----------------------------------------------------------------------------------

  void send(std::shared_ptr<const std::string> document) override {
    if (over) return;
    out.push_back(framed(*document));
    if (out.size() == 1) write();
  }

  void write() {
    writing_since = steady::now();
    asio::async_write(socket, asio::buffer(out.front()), [self = me()](error_code ec, std::size_t) {
      if (self->over) return;
      // A failed write is told by the read, which also knows what was said at the end.
      if (ec) return;
      self->sent_at = steady::now();
      self->out.pop_front();
      if (!self->out.empty()) self->write();
    });
  }

  // -- time --------------------------------------------------------------------------------------

  void tick() {
    const auto now = steady::now();
    if (now - heard_at >= opts.silence_timeout) return lost({0, "no sign of life"});
    if (!out.empty() && now - writing_since >= opts.write_timeout) {
      return lost({0, "the node takes nothing"});
    }
    const auto beat_every = opts.silence_timeout / beats_in_silence;
    if (out.empty() && std::min(now - heard_at, now - sent_at) >= beat_every) beat();
    if (over) return;
    const auto wait = std::min(beat_every, opts.write_timeout) / 2;
    clock.expires_after(std::max(wait, std::chrono::milliseconds(10)));
    clock.async_wait([self = me()](error_code ec) {
      if (!ec && !self->over) self->tick();
    });
  }

  void beat() {
    static thread_local uuid_generator fresh;
    const auto id = fresh(now_ms());
    beat_id = id.str();
    send(std::make_shared<const std::string>(
        protocol::encode_request(protocol::encoding::msgpack, {id, protocol::heartbeat{}})));
  }

  beast::tcp_stream socket;
  asio::steady_timer clock;
  protocol::frame_decoder frames{protocol::frame_sender::server, document_bytes_max};
  std::array<char, read_bytes> arrived{};
  std::deque<std::string> out;
  std::string beat_id;    ///< of the last heartbeat
  std::string last_said;  ///< a document that may be why the node closes
  steady::time_point heard_at;
  steady::time_point sent_at;
  steady::time_point writing_since;
};

}  // namespace

std::shared_ptr<link_kind> make_tcp_link(asio::io_context& context, const options& o,
                                         link::hooks h) {
  return std::make_shared<tcp_link>(context, o, std::move(h));
}

}  // namespace greenroom::client
