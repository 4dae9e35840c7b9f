// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the kinds of a link have in common: finding and dialling the node, and the end. For the
/// .cpp files of links.

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <string>
#include <string_view>

#include "client/link.hpp"

namespace greenroom::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

/// What a person can do something with; the texts of libraries name their own insides.
std::string words_for(error_code ec);

struct link_kind : std::enable_shared_from_this<link_kind> {
  link_kind(asio::io_context& context, const options& o, link::hooks h)
      : opts(o), on(std::move(h)), resolver(context) {}
  virtual ~link_kind() = default;
  link_kind(const link_kind&) = delete;
  link_kind& operator=(const link_kind&) = delete;

  void connect(const std::string& node);
  virtual void send(std::shared_ptr<const std::string> document) = 0;
  void lost(const link_end& why);
  void cut();

  // Of each kind:
  [[nodiscard]] virtual beast::tcp_stream& stream() = 0;
  /// There is a connection.
  virtual void connected() = 0;
  /// It is over: whatever waits is ended.
  virtual void ends() {}

  const options& opts;
  const link::hooks on;
  tcp::resolver resolver;
  std::string host;
  bool over = false;
};

std::shared_ptr<link_kind> make_websocket_link(asio::io_context& context, const options& o,
                                               link::hooks h);
std::shared_ptr<link_kind> make_tcp_link(asio::io_context& context, const options& o,
                                         link::hooks h);

}  // namespace greenroom::client
