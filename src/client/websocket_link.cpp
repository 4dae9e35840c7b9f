// SPDX-License-Identifier: MIT
/// A link over WebSocket.
#include "client/link_kinds.hpp"

#include <boost/beast/websocket.hpp>
#include <deque>
#include <tuple>

namespace greenroom::client {

namespace websocket = beast::websocket;

namespace {

link_end end_of(error_code ec, const websocket::close_reason& said) {
  // 1005: a close frame without a code.
  if (ec != websocket::error::closed || said.code == websocket::close_code::none) {
    return {0, ec == websocket::error::closed ? "closed by the node" : words_for(ec)};
  }
  auto text = "closed by the node with " + std::to_string(said.code);
  if (!said.reason.empty()) {
    text += " (" + std::string(said.reason.data(), said.reason.size()) + ")";
  }
  return {said.code, std::move(text)};
}

struct websocket_link final : link_kind {
  websocket_link(asio::io_context& context, const options& o, link::hooks h)
      : link_kind(context, o, std::move(h)), ws(context) {}

  std::shared_ptr<websocket_link> me() {
    return std::static_pointer_cast<websocket_link>(shared_from_this());
  }
  beast::tcp_stream& stream() override { return beast::get_lowest_layer(ws); }

  void connected() override {
    ws.set_option(
        websocket::stream_base::timeout{opts.connect_timeout, opts.silence_timeout, false});
    const bool json = opts.encoding == protocol::encoding::json;
    ws.set_option(websocket::stream_base::decorator([json](websocket::request_type& r) {
      r.set(beast::http::field::sec_websocket_protocol,
            json ? "greenroom.v1.json" : "greenroom.v1.msgpack");
    }));
    ws.text(json);
    ws.binary(!json);
    ws.async_handshake(host, "/ws", [self = me()](error_code ec) {
      if (self->over) return;
      if (ec) {
        self->lost({0, words_for(ec)});
        return;
      }
      self->on.open();
      if (!self->over) self->read();
    });
  }

  void read() {
    ws.async_read(buffer, [self = me()](error_code ec, std::size_t) {
      if (self->over) return;
      if (ec) {
        self->lost(end_of(ec, self->ws.reason()));
        return;
      }
      const auto data = self->buffer.cdata();
      self->on.document({static_cast<const char*>(data.data()), data.size()});
      self->buffer.clear();
      if (!self->over) self->read();
    });
  }

  void send(std::shared_ptr<const std::string> document) override {
    if (over) return;
    out.push_back(std::move(document));
    if (out.size() == 1) write();
  }

  void write() {
    ws.async_write(asio::buffer(*out.front()), [self = me()](error_code ec, std::size_t) {
      if (self->over) return;
      // A failed write is told by the read, which also knows the close frame.
      if (ec) return;
      self->out.pop_front();
      if (!self->out.empty()) self->write();
    });
  }

  websocket::stream<beast::tcp_stream> ws;
  beast::flat_buffer buffer;
  std::deque<std::shared_ptr<const std::string>> out;
};

}  // namespace

std::shared_ptr<link_kind> make_websocket_link(asio::io_context& context, const options& o,
                                               link::hooks h) {
  return std::make_shared<websocket_link>(context, o, std::move(h));
}

}  // namespace greenroom::client
