// SPDX-License-Identifier: MIT
#include "client/link.hpp"

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <tuple>

#include "client/node_address.hpp"

namespace greenroom::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

/// What a person can do something with; the texts of libraries name their own insides.
std::string words_for(error_code ec) {
  if (ec == asio::error::connection_refused) return "connection refused";
  if (ec == asio::error::host_not_found || ec == asio::error::host_not_found_try_again) {
    return "the name of the host is not known";
  }
  if (ec == asio::error::network_unreachable || ec == asio::error::host_unreachable) {
    return "the host cannot be reached";
  }
  if (ec == beast::error::timeout || ec == asio::error::timed_out) return "no sign of life";
  if (ec == websocket::error::upgrade_declined) return "it declined the connection";
  return "connection lost";
}

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

}  // namespace

struct link::impl : std::enable_shared_from_this<impl> {
  impl(asio::io_context& context, const options& o, hooks h)
      : opts(o), on(std::move(h)), resolver(context), ws(context) {}

  void connect(const std::string& node) {
    const auto where = split_node(node);
    if (!where) {
      lost({0, where.error().message});
      return;
    }
    host = node;
    resolver.async_resolve(
        where->host, std::to_string(where->port),
        [self = shared_from_this()](error_code ec, const tcp::resolver::results_type& found) {
          if (self->over) return;
          if (ec) {
            self->lost({0, words_for(ec)});
            return;
          }
          beast::get_lowest_layer(self->ws).expires_after(self->opts.connect_timeout);
          beast::get_lowest_layer(self->ws).async_connect(
              found, [self](error_code failed, const tcp::endpoint&) {
                if (self->over) return;
                failed ? self->lost({0, words_for(failed)}) : self->handshake();
              });
        });
  }

  void handshake() {
    beast::get_lowest_layer(ws).expires_never();
    error_code ignored;  // the other side may be gone already; the handshake will say so
    std::ignore = beast::get_lowest_layer(ws).socket().set_option(tcp::no_delay(true), ignored);
    ws.set_option(
        websocket::stream_base::timeout{opts.connect_timeout, opts.silence_timeout, false});
    const bool json = opts.encoding == protocol::encoding::json;
    ws.set_option(websocket::stream_base::decorator([json](websocket::request_type& r) {
      r.set(beast::http::field::sec_websocket_protocol,
            json ? "greenroom.v1.json" : "greenroom.v1.msgpack");
    }));
    ws.text(json);
    ws.binary(!json);
    ws.async_handshake(host, "/ws", [self = shared_from_this()](error_code ec) {
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
    ws.async_read(buffer, [self = shared_from_this()](error_code ec, std::size_t) {
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

  void send(std::shared_ptr<const std::string> document) {
    if (over) return;
    out.push_back(std::move(document));
    if (out.size() == 1) write();
  }

  void write() {
    ws.async_write(asio::buffer(*out.front()),
                   [self = shared_from_this()](error_code ec, std::size_t) {
                     if (self->over) return;
                     // A failed write is told by the read, which also knows the close frame.
                     if (ec) return;
                     self->out.pop_front();
                     if (!self->out.empty()) self->write();
                   });
  }

  void lost(const link_end& why) {
    const auto tell = on.lost;
    cut();
    tell(why);
  }

  void cut() {
    if (std::exchange(over, true)) return;
    resolver.cancel();
    error_code ignored;
    auto& socket = beast::get_lowest_layer(ws).socket();
    std::ignore = socket.shutdown(tcp::socket::shutdown_both, ignored);
    beast::get_lowest_layer(ws).close();
  }

  const options& opts;
  const hooks on;
  tcp::resolver resolver;
  websocket::stream<beast::tcp_stream> ws;
  beast::flat_buffer buffer;
  std::deque<std::shared_ptr<const std::string>> out;
  std::string host;
  bool over = false;
};

link::link(asio::io_context& context, const options& o, const std::string& node, hooks h)
    : impl_(std::make_shared<impl>(context, o, std::move(h))) {
  // Not from here: `lost` may be called, and its owner does not hold this yet.
  asio::post(context, [made = impl_, node] {
    if (!made->over) made->connect(node);
  });
}

link::~link() {
  impl_->cut();
}

void link::send(std::shared_ptr<const std::string> document) {
  impl_->send(std::move(document));
}

void link::cut() {
  impl_->cut();
}

}  // namespace greenroom::client
