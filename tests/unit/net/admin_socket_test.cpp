// SPDX-License-Identifier: MIT
#include "net/admin_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>

#include "support/temporary_folder.hpp"

using namespace greenroom;
using namespace greenroom::net;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// A socket in a folder of its own, and a handler that the test answers by hand.
struct door {
  using done = std::function<void(json)>;

  door() = default;
  ~door() { socket.reset(); }
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  void open() {
    auto started = admin_socket::start(path, [this](json request, done d) {
      const std::lock_guard hold(mutex);
      waiting.emplace_back(std::move(request), std::move(d));
      changed.notify_all();
    });
    REQUIRE(started.has_value());
    socket = *std::move(started);
  }

  /// Answers each request at once with its own content.
  void open_echo() {
    auto started = admin_socket::start(path, [](json request, const done& d) {
      if (request.contains("throw")) throw std::runtime_error("rehearsed");
      d({{"ok", true}, {"echo", std::move(request)}});
    });
    REQUIRE(started.has_value());
    socket = *std::move(started);
  }

  std::pair<json, done> next() {
    std::unique_lock hold(mutex);
    REQUIRE(changed.wait_for(hold, std::chrono::seconds(20), [&] { return !waiting.empty(); }));
    auto first = std::move(waiting.front());
    waiting.pop_front();
    return first;
  }

  greenroom::test::temporary_folder own;
  const std::filesystem::path& folder = own.path();
  const std::filesystem::path path = folder / "admin.sock";
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::pair<json, done>> waiting;
  std::unique_ptr<admin_socket> socket;
};

/// A console. Reads wait at most 20 s.
class visitor {
 public:
  explicit visitor(const std::filesystem::path& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    connected = ::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~visitor() { ::close(fd_); }
  visitor(const visitor&) = delete;
  visitor& operator=(const visitor&) = delete;

  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// The next line as JSON; discarded at the end of the stream.
  json read() {
    for (;;) {
      if (const auto end = in_.find('\n'); end != std::string::npos) {
        auto document = json::parse(in_.substr(0, end), nullptr, false);
        in_.erase(0, end + 1);
        return document;
      }
      char chunk[4096];
      const auto n = ::recv(fd_, chunk, sizeof chunk, 0);
      if (n <= 0) {
        timed_out = n < 0 && errno == EAGAIN;
        return json(json::value_t::discarded);
      }
      in_.append(chunk, static_cast<std::size_t>(n));
    }
  }
  bool closed_by_node() { return read().is_discarded() && !timed_out; }

  bool connected = false;
  bool timed_out = false;

 private:
  int fd_;
  std::string in_;
};

}  // namespace

TEST_CASE("a line is answered by a line", "[admin]") {
  door d;
  d.open_echo();
  visitor v(d.path);
  REQUIRE(v.send("{\"verb\":\"nodes\"}\n"));
  const json by{{"uid", ::getuid()}, {"pid", ::getpid()}};
  CHECK(v.read() == json{{"ok", true}, {"echo", {{"verb", "nodes"}, {"by", by}}}});
  // Nobody says who he is himself.
  REQUIRE(v.send("{\"verb\":\"nodes\",\"by\":{\"uid\":1}}\n"));
  CHECK(v.read()["echo"]["by"] == by);
}

TEST_CASE("only the owner can open the socket, whatever the umask", "[admin]") {
  door d;
  const auto before = ::umask(0);
  d.open_echo();
  ::umask(before);
  struct stat info {};
  REQUIRE(::stat(d.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("requests sent in one go are answered in their order", "[admin]") {
  door d;
  d.open();
  visitor v(d.path);
  REQUIRE(v.send("{\"n\":1}\n{\"n\":2}\n{\"n\":3}"));
  for (int n = 1; n <= 2; ++n) {
    auto [request, done] = d.next();
    CHECK(request["n"] == n);
    {
      const std::lock_guard hold(d.mutex);
      CHECK(d.waiting.empty());  // one at a time
    }
    done({{"answer", n}});
    CHECK(v.read()["answer"] == n);
  }
  REQUIRE(v.send("\n"));
  auto [request, done] = d.next();
  CHECK(request["n"] == 3);
  done({{"answer", 3}});
  CHECK(v.read()["answer"] == 3);
}

TEST_CASE("consoles do not wait for each other", "[admin]") {
  door d;
  d.open();
  visitor slow(d.path);
  visitor quick(d.path);
  REQUIRE(slow.send("{\"who\":\"slow\"}\n"));
  auto first = d.next();
  REQUIRE(quick.send("{\"who\":\"quick\"}\n"));
  auto second = d.next();
  second.second({{"to", "quick"}});
  CHECK(quick.read()["to"] == "quick");
  first.second({{"to", "slow"}});
  CHECK(slow.read()["to"] == "slow");
}

TEST_CASE("what is no document gets an error and the console goes on", "[admin]") {
  door d;
  d.open_echo();
  visitor v(d.path);
  for (const auto& line : {std::string("hello"), std::string(), std::string("{\"a\":"),
                           std::string(100'000, '['), std::string("{\"a\":\"\xff\"}")}) {
    REQUIRE(v.send(line + "\n"));
    const auto a = v.read();
    REQUIRE(a.is_object());
    CHECK(a["error"]["code"] == "usage");
  }
  REQUIRE(v.send("{\"throw\":true}\n"));
  CHECK(v.read()["error"]["code"] == "failure");
  REQUIRE(v.send("{}\n"));
  CHECK(v.read()["ok"] == true);
}

TEST_CASE("a line without end is refused at a megabyte", "[admin]") {
  door d;
  d.open_echo();
  visitor v(d.path);
  v.send(std::string((1 << 20) + 20'000, 'x'));  // may be cut short by the closing node
  const auto a = v.read();
  CHECK((a.is_discarded() || a["error"]["code"] == "usage"));
  CHECK(v.closed_by_node());
  visitor next(d.path);
  REQUIRE(next.send("{}\n"));
  CHECK(next.read()["ok"] == true);
}

TEST_CASE("the 33rd console is told why it is sent away", "[admin]") {
  door d;
  d.open_echo();
  std::deque<visitor> crowd;
  for (int n = 0; n < 32; ++n) {
    auto& v = crowd.emplace_back(d.path);
    REQUIRE(v.send("{}\n"));
    REQUIRE(v.read()["ok"] == true);
  }
  visitor late(d.path);
  CHECK(late.read()["error"]["code"] == "refused");
  CHECK(late.closed_by_node());
  REQUIRE(crowd.front().send("{}\n"));
  CHECK(crowd.front().read()["ok"] == true);
  // A place that is given back can be had, as soon as the node has seen that it is free.
  crowd.pop_front();
  bool welcome = false;
  for (int tries = 0; tries < 1000 && !welcome; ++tries) {
    visitor v(d.path);
    welcome = v.send("{}\n") && v.read().value("ok", false);
  }
  CHECK(welcome);
}

TEST_CASE("an answer may come when the console or the socket is gone", "[admin]") {
  door d;
  d.open();
  {
    visitor v(d.path);
    REQUIRE(v.send("{}\n"));
    auto [request, done] = d.next();
    visitor w(d.path);
    REQUIRE(w.send("{}\n"));
    auto later = d.next();
    d.socket.reset();
    CHECK(v.closed_by_node());
    done({{"ok", true}});
    later.second({{"ok", true}});
  }
  CHECK_FALSE(std::filesystem::exists(d.path));
}

TEST_CASE("a stale file is replaced, a socket in use is not", "[admin]") {
  door d;
  {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, d.path.c_str(), sizeof where.sun_path - 1);
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(stale, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    ::close(stale);
  }
  REQUIRE(std::filesystem::exists(d.path));
  d.open_echo();
  const auto second = admin_socket::start(d.path, [](const json&, const door::done&) {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == ec::conflict);
  visitor v(d.path);
  REQUIRE(v.send("{}\n"));
  CHECK(v.read()["ok"] == true);
}

TEST_CASE("a process that hangs counts as living, and does not make the next one hang", "[admin]") {
  door d;
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::strncpy(where.sun_path, d.path.c_str(), sizeof where.sun_path - 1);
  const int hangs = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(hangs, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(::listen(hangs, 0) == 0);
  const visitor fills_the_backlog(d.path);
  const auto next = admin_socket::start(d.path, [](const json&, const door::done&) {});
  ::close(hangs);
  REQUIRE_FALSE(next.has_value());
  CHECK(next.error().code == ec::conflict);
  CHECK(std::filesystem::exists(d.path));
}

TEST_CASE("paths that cannot be are refused in words", "[admin]") {
  door d;
  const auto nothing = [](const json&, const door::done&) {};
  const auto deep = d.folder / std::string(120, 'x');
  const auto too_long = admin_socket::start(deep, nothing);
  REQUIRE_FALSE(too_long.has_value());
  CHECK_THAT(too_long.error().message, Contains("107") && Contains(deep.string()));
  const auto nowhere = admin_socket::start(d.folder / "no" / "where", nothing);
  REQUIRE_FALSE(nowhere.has_value());
  CHECK_THAT(nowhere.error().message, Contains("cannot listen on"));
}
