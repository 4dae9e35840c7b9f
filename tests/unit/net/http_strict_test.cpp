// SPDX-License-Identifier: MIT
/// Requests that two servers could read differently: each is refused and the connection closed, so
/// that nothing behind it is taken for a request.
#include <catch2/catch.hpp>

#include "net/strict_http.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using net::find_header;
using net::found_header;
using net::percent_decode;

namespace {

struct row {
  const char* what;
  std::string request;
};

const std::string get = "GET /health HTTP/1.1\r\n";
const std::string post = "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

const row refused[] = {
    {"no Host", get + "\r\n"},
    {"an empty Host", get + "Host:\r\n\r\n"},
    {"two Hosts", get + "Host: a\r\nHost: a\r\n\r\n"},
    {"Content-Length and Transfer-Encoding",
     post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"Transfer-Encoding and Content-Length",
     post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"},
    {"gzip, then Content-Length", post + "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"},
    {"gzip alone", post + "Transfer-Encoding: gzip\r\n\r\n"},
    {"gzip, chunked", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {"chunked, identity", post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
    {"chunked twice",
     post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
    {"equal Content-Lengths", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"},
    {"different Content-Lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "},
    {"a list of lengths", post + "Content-Length: 2, 2\r\n\r\n{}"},
    {"a length with sign", post + "Content-Length: +2\r\n\r\n{}"},
    {"a negative length", post + "Content-Length: -2\r\n\r\n{}"},
    {"a hexadecimal length", post + "Content-Length: 0x2\r\n\r\n{}"},
    {"a huge length", post + "Content-Length: 99999999999999999999999\r\n\r\n{}"},
    {"a folded line", get + "Host: a\r\nX-Long: b\r\n c\r\n\r\n"},
    {"a folded first line", get + " X: b\r\nHost: a\r\n\r\n"},
    {"a folded Transfer-Encoding", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
    {"space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
    {"a line without colon", get + "Host: a\r\nnonsense\r\n\r\n"},
    {"an empty name", get + "Host: a\r\n: b\r\n\r\n"},
    {"bare LF", "GET /health HTTP/1.1\nHost: a\n\n"},
    {"bare LF in between", get + "Host: a\nX: b\r\n\r\n"},
    {"bare CR in a value", get + "Host: a\r\nX: b\rTransfer-Encoding: chunked\r\n\r\n"},
    {"NUL in a value", get + "Host: a\r\nX: b" + std::string(1, '\0') + "c\r\n\r\n"},
    {"two Authorizations", get + "Host: a\r\nAuthorization: Bearer a\r\nAuthorization: b\r\n\r\n"},
    {"an absolute target", "GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"an authority as target", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"a star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"a space in the target", "GET /health x HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HTTP/2.0", "GET /health HTTP/2.0\r\nHost: a\r\n\r\n"},
    {"no version", "GET /health\r\nHost: a\r\n\r\n"},
    {"chunks in HTTP/1.0",
     "POST /api/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"a chunk size that is none", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"},
    {"a chunk longer than said", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"},
    {"a trailer",
     post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\n\r\n"},
    {"a TLS greeting", std::string("\x16\x03\x01\x02\x00\x01\x00", 7)},
    {"garbage", "\x01\x02\x03\r\n\r\n"},
    {"a space in front", " GET /health HTTP/1.1\r\nHost: a\r\n\r\n"},
};

}  // namespace

TEST_CASE("ambiguous requests are refused and the connection is closed") {
  running_server server;
  for (const auto& r : refused) {
    INFO(r.what);
    raw_client client(server->port());
    auto answer = client.ask(r.request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(answer);
    CHECK(answer->status == 400);
    CHECK(answer->headers["connection"] == "close");
    CHECK_FALSE(client.read_reply());
  }
  CHECK(server.handler.with([&] { return server.handler.calls().empty(); }));
}

TEST_CASE("requests that are unusual but clear are answered") {
  running_server server;
  const row fine[] = {
      {"an empty line in front", "\r\n" + get + "Host: a\r\n\r\n"},
      {"no space after the colon", get + "Host:a\r\n\r\n"},
      {"HTTP/1.0 without Host", "GET /health HTTP/1.0\r\n\r\n"},
      {"an unknown header", get + "Host: a\r\nX-Any: \t thing \r\n\r\n"},
      {"an empty query", "GET /health? HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"chunks", post + "Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\n\r\n"},
  };
  for (const auto& r : fine) {
    INFO(r.what);
    raw_client client(server->port());
    auto answer = client.ask(r.request);
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
}

TEST_CASE("a header is recognised however it is cut") {
  const std::string whole = get + "Host: a\r\n\r\n";
  for (std::size_t n = 0; n < whole.size(); ++n)
    CHECK(find_header(whole.substr(0, n), 100).is == found_header::state::incomplete);
  const auto found = find_header(whole + "more", 100);
  CHECK(found.is == found_header::state::complete);
  CHECK(found.bytes == whole.size());
  CHECK(find_header(whole, whole.size()).is == found_header::state::complete);
  CHECK(find_header(whole, whole.size() - 1).status == 431);
  CHECK(find_header(std::string(200, 'A'), 100).status == 431);
}

TEST_CASE("percent escapes are decoded or refused") {
  CHECK(percent_decode("a%20b%2F%c3%A4+", false) == "a b/ä+");
  CHECK(percent_decode("a+b", true) == "a b");
  for (const auto* bad : {"%", "%2", "%zz", "a%2", "%00", "%-1", "%%20"}) {
    INFO(bad);
    CHECK_FALSE(percent_decode(bad, false));
  }
}

TEST_CASE("HTTP/1.0 keeps the connection only when asked to") {
  running_server server;
  raw_client keeps(server->port());
  for (int i = 0; i < 2; ++i)
    CHECK(keeps.ask("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->status == 200);
  raw_client closes(server->port());
  CHECK(closes.ask("GET /health HTTP/1.0\r\n\r\n")->status == 200);
  CHECK(closes.closed_by_server());
}
