// SPDX-License-Identifier: MIT
#include "client/link.hpp"

#include <utility>

#include <boost/beast/websocket/error.hpp>
#include <tuple>

#include "client/link_kinds.hpp"
#include "client/node_address.hpp"

namespace greenroom::client {

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
  if (ec == beast::websocket::error::upgrade_declined) return "it declined the connection";
  return "connection lost";
}

void link_kind::connect(const std::string& node) {
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
        self->stream().expires_after(self->opts.connect_timeout);
        self->stream().async_connect(found, [self](error_code failed, const tcp::endpoint&) {
          if (self->over) return;
          if (failed) {
            self->lost({0, words_for(failed)});
            return;
          }
          self->stream().expires_never();
          error_code ignored;  // the other side may be gone already; what comes next will say so
          std::ignore = self->stream().socket().set_option(tcp::no_delay(true), ignored);
          self->connected();
        });
      });
}

void link_kind::lost(const link_end& why) {
  const auto tell = on.lost;
  cut();
  tell(why);
}

void link_kind::cut() {
  if (std::exchange(over, true)) return;
  resolver.cancel();
  ends();
  error_code ignored;
  std::ignore = stream().socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream().close();
}

link::link(asio::io_context& context, const options& o, const std::string& node, hooks h)
    : kind_(o.over == transport::tcp ? make_tcp_link(context, o, std::move(h))
                                     : make_websocket_link(context, o, std::move(h))) {
  // Not from here: `lost` may be called, and its owner does not hold this yet.
  asio::post(context, [made = kind_, node] {
    if (!made->over) made->connect(node);
  });
}

link::~link() {
  kind_->cut();
}

void link::send(std::shared_ptr<const std::string> document) {
  kind_->send(std::move(document));
}

void link::cut() {
  kind_->cut();
}

}  // namespace greenroom::client
