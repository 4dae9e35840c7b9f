// SPDX-License-Identifier: MIT
#include "net/tls_dial.hpp"

#include <boost/asio/connect.hpp>

#include "net/tls_handshake.hpp"

namespace greenroom::net {

namespace {

/// How soon a caller notices that it is to stop.
constexpr std::chrono::milliseconds look_around{50};

}  // namespace

expected<tls_connection_ptr> tls_dial(ssl_ctx_st& tls, const std::string& host, std::uint16_t port,
                                      std::chrono::milliseconds within,
                                      const std::atomic<bool>& stopped) {
  asio::io_context context(1);
  tcp::resolver resolver(context);
  tcp::socket socket(context);
  tls_connection_ptr connection;
  std::string why_not = "no answer within " + std::to_string(within.count()) + " ms";
  resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [&](error_code failed, const tcp::resolver::results_type& found) {
        if (failed) {
          why_not = failed.message();
          return;
        }
        asio::async_connect(socket, found, [&](error_code unreachable, const tcp::endpoint&) {
          if (unreachable) {
            why_not = unreachable.message();
            return;
          }
          std::make_shared<tls_handshake>(std::move(socket), tls, tls_side::dials,
                                          [&](tls_connection_ptr made, const std::string& why) {
                                            connection = std::move(made);
                                            why_not = why;
                                          })
              ->start();
        });
      });
  const auto deadline = steady::now() + within;
  while (!context.stopped() && !stopped.load() && steady::now() < deadline) {
    context.run_for(look_around);
  }
  if (!connection) {
    return fail(ec::unavailable, why_not);
  }
  return connection;
}

}  // namespace greenroom::net
