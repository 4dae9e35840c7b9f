// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One connection to one node, a WebSocket or one of the binary framing over TCP, from connecting
/// to its end. A client makes a new one for each try. Everything runs on the thread of the given
/// context; after cut() or `lost` no hook is called.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/client.hpp"

namespace greenroom::client {

struct link_kind;

/// Why a link ended, in words for people; `close_code` 0 when there was no close frame.
struct link_end {
  std::uint16_t close_code = 0;
  std::string reason;
};

class link {
 public:
  struct hooks {
    std::function<void()> open;
    std::function<void(std::string_view)> document;
    std::function<void(const link_end&)> lost;
  };

  link(boost::asio::io_context& context, const options& o, const std::string& node, hooks h);
  ~link();
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  void send(std::shared_ptr<const std::string> document);
  void cut();

 private:
  std::shared_ptr<link_kind> kind_;
};

}  // namespace greenroom::client
