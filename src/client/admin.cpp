// SPDX-License-Identifier: MIT
#include "client/admin.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace greenroom::client {

namespace {

using clock = std::chrono::steady_clock;
using nlohmann::json;

/// The largest list: 100,000 tokens or some hundred thousand actors.
constexpr std::size_t answer_bytes_max = 256U << 20;
constexpr auto grace = std::chrono::milliseconds(1000);

tl::unexpected<admin_error> failed(std::string code, std::string message) {
  return tl::unexpected(admin_error{std::move(code), std::move(message)});
}

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// False when the deadline passes first.
bool wait_for(int fd, short what, clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{fd, what, 0};
    const int n = ::poll(&entry, 1, static_cast<int>(left));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

tl::expected<json, admin_error> result_in(const std::string& line) {
  auto answer = json::parse(line, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok")) {
    return failed("failure", "the node sent something that is no answer");
  }
  if (answer["ok"] == true) return answer;
  admin_error e{"failure", "the node gave no reason"};
  if (const auto at = answer.find("error"); at != answer.end() && at->is_object()) {
    if (at->contains("code") && (*at)["code"].is_string()) e.code = (*at)["code"];
    if (at->contains("message") && (*at)["message"].is_string()) e.message = (*at)["message"];
  }
  return tl::unexpected(std::move(e));
}

}  // namespace

tl::expected<json, admin_error> ask_admin(const std::filesystem::path& socket,
                                          const std::string& verb, const json& args,
                                          std::chrono::milliseconds timeout) {
  const auto path = socket.string();
  sockaddr_un where{};
  if (path.size() >= sizeof where.sun_path) {
    return failed("usage", "the path of a Unix socket has at most 107 bytes: " + path);
  }
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), path.size());
  const auto deadline = clock::now() + timeout + grace;

  const descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    const auto why = std::string(std::strerror(errno));
    return failed("unreachable", "no node answers on " + path + ": " + why);
  }
  const json request{{"verb", verb}, {"args", args}, {"timeout_ms", timeout.count()}};
  const auto text = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  const auto late = [&] {
    return failed("timeout",
                  "no answer within " + std::to_string(timeout.count()) + " ms: " + path);
  };
  for (std::size_t sent = 0; sent < text.size();) {
    if (!wait_for(fd.get(), POLLOUT, deadline)) return late();
    const auto n = ::send(fd.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno != EAGAIN && errno != EINTR) {
      break;  // the node may have said why before it closed
    }
  }
  std::string line;
  std::array<char, 64 * 1024> chunk{};
  for (;;) {
    if (!wait_for(fd.get(), POLLIN, deadline)) return late();
    const auto n = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return failed("unreachable", "the node closed the connection: " + path);
    const auto* end =
        static_cast<const char*>(std::memchr(chunk.data(), '\n', static_cast<std::size_t>(n)));
    line.append(chunk.data(),
                end ? static_cast<std::size_t>(end - chunk.data()) : static_cast<std::size_t>(n));
    if (end) return result_in(line);
    if (line.size() > answer_bytes_max) return failed("failure", "the answer is too long");
  }
}

}  // namespace greenroom::client
