// SPDX-License-Identifier: MIT
#include "client/http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace greenroom::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

constexpr std::uint64_t answer_bytes_max = 64ULL << 20;

/// Of `<?after_seq=5>; rel="next"`: what is behind the question mark.
std::string next_in(std::string_view link) {
  const auto begin = link.find("<?");
  const auto end = link.find('>');
  const bool is_next = link.find("rel=\"next\"") != std::string_view::npos;
  if (!is_next || begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return {};
  return std::string(link.substr(begin + 2, end - begin - 2));
}

/// One exchange, step by step; `outcome` is there when it is over.
struct exchange {
  explicit exchange(asio::io_context& io) : resolver(io), stream(io) {
    parser.body_limit(answer_bytes_max);
  }

  void begin(const node_address& node) {
    resolver.async_resolve(node.host, std::to_string(node.port),
                           [this](error_code ec, const tcp::resolver::results_type& found) {
                             if (ec) return end(ec);
                             stream.async_connect(found,
                                                  [this](error_code failed, const tcp::endpoint&) {
                                                    failed ? end(failed) : write();
                                                  });
                           });
  }
  void write() {
    http::async_write(stream, request,
                      [this](error_code ec, std::size_t) { ec ? end(ec) : read(); });
  }
  void read() {
    http::async_read(stream, buffer, parser, [this](error_code ec, std::size_t) { end(ec); });
  }
  void end(error_code ec) { outcome = ec; }

  tcp::resolver resolver;
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::response_parser<http::string_body> parser;
  std::optional<error_code> outcome;
};

}  // namespace

expected<http_answer> ask_http(const node_address& node, const http_question& what) {
  asio::io_context io;
  exchange e(io);
  e.request.method(http::string_to_verb(what.method));
  e.request.target(what.target);
  e.request.version(11);
  e.request.set(http::field::host, node.str());
  e.request.set(http::field::user_agent, "greenroom");
  e.request.set(http::field::connection, "close");
  if (!what.token.empty()) e.request.set(http::field::authorization, "Bearer " + what.token);
  if (!what.body.empty()) {
    e.request.set(http::field::content_type, "application/json");
    e.request.body() = what.body;
  }
  if (!what.message_id.empty()) e.request.set("Idempotency-Key", what.message_id);
  e.request.prepare_payload();
  e.begin(node);
  io.run_for(what.timeout);
  if (!e.outcome) return unavailable("no answer in time from " + node.str());
  if (*e.outcome) return unavailable(node.str() + ": " + e.outcome->message());
  const auto& answer = e.parser.get();
  const auto link = answer[http::field::link];
  return http_answer{static_cast<int>(answer.result_int()), answer.body(),
                     next_in({link.data(), link.size()})};
}

}  // namespace greenroom::client
