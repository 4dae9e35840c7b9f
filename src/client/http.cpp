// SPDX-License-Identifier: MIT
#include "client/http.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

namespace greenroom::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
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

/// What is behind a port is the operator's most likely slip, and OpenSSL's words hide it.
std::string reason_of(error_code ec) {
  const bool is_plain =
      ec.category() == asio::error::get_ssl_category() &&
      ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_WRONG_VERSION_NUMBER;
  return is_plain ? "it does not speak TLS on that port" : ec.message();
}

/// One exchange, step by step; `outcome` is there when it is over.
struct exchange {
  exchange(asio::io_context& io, ssl::context& tls) : resolver(io), stream(io, tls) {
    parser.body_limit(answer_bytes_max);
  }

  void begin(const node_address& node, bool with_tls) {
    encrypted = with_tls;
    resolver.async_resolve(
        node.host, std::to_string(node.port),
        [this, host = node.host](error_code ec, const tcp::resolver::results_type& found) {
          if (ec) return end(ec);
          beast::get_lowest_layer(stream).async_connect(
              found, [this, host](error_code failed, const tcp::endpoint&) {
                if (failed) return end(failed);
                encrypted ? shake_hands(host) : write(stream.next_layer());
              });
        });
  }
  void shake_hands(const std::string& host) {
    error_code is_name;
    asio::ip::make_address(host, is_name);
    // RFC 6066 has no addresses in there.
    if (is_name && SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1) {
      return end(asio::error::invalid_argument);
    }
    stream.set_verify_mode(ssl::verify_peer);
    stream.set_verify_callback(ssl::host_name_verification(host));
    stream.async_handshake(ssl::stream_base::client,
                           [this](error_code ec) { ec ? end(ec) : write(stream); });
  }
  template <class Stream>
  void write(Stream& to) {
    http::async_write(to, request,
                      [this, &to](error_code ec, std::size_t) { ec ? end(ec) : read(to); });
  }
  template <class Stream>
  void read(Stream& from) {
    http::async_read(from, buffer, parser, [this](error_code ec, std::size_t) {
      // Some do not say good-bye; that all of the answer is there the parser knows.
      end(ec == ssl::error::stream_truncated && parser.is_done() ? error_code() : ec);
    });
  }
  void end(error_code ec) { outcome = ec; }

  tcp::resolver resolver;
  beast::ssl_stream<beast::tcp_stream> stream;
  bool encrypted = false;
  beast::flat_buffer buffer;
  http::request<http::string_body> request;
  http::response_parser<http::string_body> parser;
  std::optional<error_code> outcome;
};

/// Whom to trust; only where it is needed, because it reads files.
expected<void> trust(ssl::context& tls, const std::string& ca_file) {
  error_code failed;
  tls.set_options(
      ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
      failed);
  if (failed) return unavailable("TLS cannot be used: " + failed.message());
  ca_file.empty() ? tls.set_default_verify_paths(failed) : tls.load_verify_file(ca_file, failed);
  if (failed) {
    return fail(ec::invalid_message, "no certificates in " +
                                         (ca_file.empty() ? "the system's store" : ca_file) + ": " +
                                         failed.message());
  }
  return {};
}

}  // namespace

expected<http_answer> ask_http(const node_address& node, const http_question& what) {
  asio::io_context io;
  ssl::context tls(ssl::context::tls_client);
  if (what.tls) {
    if (auto trusted = trust(tls, what.ca_file); !trusted) return unexpected(trusted.error());
  }
  exchange e(io, tls);
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
  e.begin(node, what.tls);
  io.run_for(what.timeout);
  if (!e.outcome) return unavailable("no answer in time from " + node.str());
  if (*e.outcome) return unavailable(node.str() + ": " + reason_of(*e.outcome));
  const auto& answer = e.parser.get();
  const auto link = answer[http::field::link];
  return http_answer{static_cast<int>(answer.result_int()), answer.body(),
                     next_in({link.data(), link.size()})};
}

}  // namespace greenroom::client
