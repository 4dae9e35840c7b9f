// SPDX-License-Identifier: MIT
#include "web/client.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <thread>

#include "web/retry_schedule.hpp"

using namespace greenroom::web;
using namespace std::chrono_literals;

namespace {

/// Answers each connection with the same bytes, once the end of a request's header has come; keeps
/// quiet when there are none.
class receiver {
 public:
  explicit receiver(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&here), size) == 0);
    REQUIRE(listen(listener_, 8) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size) == 0);
    port_ = ntohs(here.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~receiver() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/in";
  }
  [[nodiscard]] int connections() const { return connections_.load(); }
  std::string request;  ///< the last one; complete when the client has its result

 private:
  void serve() {
    for (;;) {
      const int s = accept(listener_, nullptr, nullptr);
      if (s < 0) return;
      ++connections_;
      request.clear();
      char buffer[4096];
      ssize_t n = 0;
      while (request.find("\r\n\r\n{}") == std::string::npos &&
             (n = recv(s, buffer, sizeof buffer, 0)) > 0) {
        request.append(buffer, static_cast<std::size_t>(n));
      }
      if (answer_.empty()) {
        while (recv(s, buffer, sizeof buffer, 0) > 0) {
        }
      } else {
        send(s, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      }
      close(s);
    }
  }

  std::string answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

post_result post(client& c, const std::string& to) {
  auto came = std::make_shared<std::promise<post_result>>();
  auto result = came->get_future();
  c.post({parse_url(to).value(), {{"X-Greenroom-Event", "message_received"}}, "{}"},
         [came](post_result r) { came->set_value(std::move(r)); });
  REQUIRE(result.wait_for(20s) == std::future_status::ready);
  return result.get();
}

client_options all_allowed() {
  client_options o;
  o.allow_private = true;
  return o;
}

}  // namespace

TEST_CASE("client: sends what it is given and says what came", "[web]") {
  receiver there("HTTP/1.1 204 No Content\r\n\r\n");
  client c(all_allowed());
  CHECK(post(c, there.url()).status == 204);
  CHECK(there.request.starts_with("POST /in HTTP/1.1\r\n"));
  CHECK(there.request.find("X-Greenroom-Event: message_received\r\n") != std::string::npos);
  CHECK(there.request.find("Content-Type: application/json\r\n") != std::string::npos);
}

TEST_CASE("client: private addresses are not connected to unless that is allowed", "[web]") {
  receiver there("HTTP/1.1 204 No Content\r\n\r\n");
  client c({});
  const auto result = post(c, there.url());
  CHECK(result.status == 0);
  CHECK(result.failure.find("loopback") != std::string::npos);
  CHECK(result.refused);
  auto by_name = there.url();
  by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
  CHECK(post(c, by_name).refused);
  CHECK(there.connections() == 0);
  // What cannot be reached is another matter: it may be there the next time.
  const auto unknown = post(c, "http://nobody.invalid/");
  CHECK(unknown.status == 0);
  CHECK_FALSE(unknown.refused);
}

TEST_CASE("client: redirects are not followed", "[web]") {
  receiver elsewhere("HTTP/1.1 204 No Content\r\n\r\n");
  receiver there("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + elsewhere.url() +
                 "\r\nContent-Length: 0\r\n\r\n");
  client c(all_allowed());
  CHECK(post(c, there.url()).status == 307);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("client: an endless answer ends", "[web]") {
  auto o = all_allowed();
  o.answer_bytes_max = 1024;
  receiver body("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  receiver header("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  client c(o);
  CHECK(post(c, body.url()).status == 200);
  CHECK(post(c, header.url()).status == 0);
}

TEST_CASE("client: silence ends too", "[web]") {
  auto o = all_allowed();
  o.answer_within = 200ms;
  receiver there("");
  client c(o);
  CHECK(post(c, there.url()).status == 0);
}

TEST_CASE("client: an answer that announces another one is not the answer", "[web]") {
  receiver there(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n");
  client c(all_allowed());
  CHECK(post(c, there.url()).status == 204);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "HTTP/1.1 100 Continue\r\n\r\n";
  receiver endless(many);
  CHECK(judge(post(c, endless.url()).status) == verdict::again);
}

TEST_CASE("client: what fails on the way is answered, once, and others go on", "[web]") {
  receiver there("HTTP/1.1 204 No Content\r\n\r\n");
  client c(all_allowed());
  auto answers = std::make_shared<std::atomic<int>>(0);
  auto came = std::make_shared<std::promise<post_result>>();
  auto result = came->get_future();
  // A header that no request can hold is found out when the connection is there.
  c.post({parse_url(there.url()).value(), {{"X-Long", std::string(70'000, 'x')}}, "{}"},
         [came, answers](post_result r) {
           if (++*answers == 1) came->set_value(std::move(r));
         });
  REQUIRE(result.wait_for(20s) == std::future_status::ready);
  CHECK(result.get().status == 0);
  CHECK(post(c, there.url()).status == 204);
  CHECK(*answers == 1);
}

TEST_CASE("client: nobody there, and what is no HTTP", "[web]") {
  client c(all_allowed());
  std::string gone;
  {
    const receiver there("x");
    gone = there.url();
  }
  CHECK(post(c, gone).status == 0);
  receiver nonsense("220 mail.example ESMTP\r\n\r\n");
  CHECK(post(c, nonsense.url()).status == 0);
}
