// SPDX-License-Identifier: MIT
#include "client/admin_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace greenroom::client {

namespace {

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

tl::unexpected<admin_error> unreachable(const std::string& path, const std::string& why) {
  return tl::unexpected(admin_error{admin_failure::unreachable, path + ": " + why});
}

}  // namespace

tl::expected<nlohmann::json, admin_error> ask_admin(const std::string& socket_path,
                                                    const nlohmann::json& request,
                                                    std::chrono::milliseconds timeout) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + timeout;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    return unreachable(socket_path, "the path is too long for a Unix socket");
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return unreachable(socket_path, std::strerror(errno));
  }
  auto line = request.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto n = ::send(fd.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) {
      return unreachable(socket_path, std::strerror(errno));
    }
    sent += static_cast<std::size_t>(n);
  }
  std::string text;
  std::array<char, 65536> chunk{};
  while (text.empty() || text.back() != '\n') {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    pollfd wait{fd.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) {
      return tl::unexpected(admin_error{admin_failure::timed_out, "no answer in time"});
    }
    const auto n = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    if (n <= 0) {
      return unreachable(socket_path, "the node closed the connection");
    }
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  auto answer = nlohmann::json::parse(text, nullptr, false);
  if (!answer.is_object()) {
    return unreachable(socket_path, "this is not an admin socket");
  }
  return answer;
}

}  // namespace greenroom::client
