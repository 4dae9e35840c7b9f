// SPDX-License-Identifier: MIT
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <unordered_map>
#include <vector>

#include "limits/websocket.hpp"
#include "load/machine.hpp"

namespace greenroom::load {

namespace {

/// The answer to a client's key (RFC 6455 section 4.2.2).
std::string accept_key(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

/// A client's frame with its mask removed in place; nothing when not all of it is there.
struct client_frame {
  std::string_view payload;
  std::size_t bytes = 0;
};
std::optional<client_frame> read_frame(char* data, std::size_t size) {
  if (size < 6) return std::nullopt;
  std::size_t length = static_cast<std::uint8_t>(data[1]) & 127U;
  std::size_t head = 6;
  if (length == 126) {
    if (size < 8) return std::nullopt;
    length = static_cast<std::size_t>(static_cast<std::uint8_t>(data[2])) << 8 |
             static_cast<std::uint8_t>(data[3]);
    head = 8;
  }
  if (size - head < length) return std::nullopt;
  char* payload = data + head;
  const char* mask = payload - 4;
  for (std::size_t i = 0; i < length; ++i)
    payload[i] = static_cast<char>(payload[i] ^ mask[i & 3]);
  return client_frame{{payload, length}, head + length};
}

class room_server {
 public:
  room_server(int port, bool coalesce)
      : coalesce_(coalesce), listener_(listen_on_loopback(port)), epoll_(epoll_create1(0)) {
    prepare_socket(listener_);
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const auto& e = events[static_cast<std::size_t>(i)];
        if (e.data.fd == listener_) {
          accept_all();
          continue;
        }
        if ((e.events & EPOLLOUT) != 0) send_rest(e.data.fd);
        if ((e.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive(e.data.fd);
      }
      for (room* r : rooms_to_send_) {
        for (const int member : r->members)
          put(member, r->pending);
        r->pending.clear();
      }
      rooms_to_send_.clear();
    }
  }

 private:
  struct client {
    std::string in;
    std::string out;
    bool upgraded = false;
  };
  struct room {
    std::vector<int> members;
    std::string pending;  ///< the frames of this turn
  };

  void watch(int operation, int fd, std::uint32_t events) const {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &e);
  }

  client& client_of(int fd) { return clients_[static_cast<std::size_t>(fd)]; }

  void accept_all() {
    for (int fd = 0; (fd = accept(listener_, nullptr, nullptr)) >= 0;) {
      prepare_socket(fd);
      const auto index = static_cast<std::size_t>(fd);
      if (clients_.size() <= index) clients_.resize(index + 1024);
      client_of(fd) = client{};
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  /// Sends at once; what the socket does not take waits for EPOLLOUT.
  void put(int fd, std::string_view bytes) {
    auto& c = client_of(fd);
    if (!c.out.empty()) {
      c.out.append(bytes);
      return;
    }
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(bytes.size()) || (sent < 0 && errno != EAGAIN)) return;
    c.out.assign(bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0))));
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
  }

  void send_rest(int fd) {
    auto& c = client_of(fd);
    if (c.out.empty()) return;
    const auto sent = send(fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
    if (sent > 0) c.out.erase(0, static_cast<std::size_t>(sent));
    if (c.out.empty()) watch(EPOLL_CTL_MOD, fd, EPOLLIN);
  }

  void receive(int fd) {
    auto& c = client_of(fd);
    const auto got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) return;
      return drop(fd);
    }
    const auto size = static_cast<std::size_t>(got);
    if (c.in.empty()) {
      const auto used = take(fd, buffer_.data(), size);
      if (used < size) c.in.assign(buffer_.data() + used, size - used);
    } else {
      c.in.append(buffer_.data(), size);
      c.in.erase(0, take(fd, c.in.data(), c.in.size()));
    }
  }

  void drop(int fd) {
    for (auto& [name, r] : rooms_)
      std::erase(r.members, fd);
    close(fd);
    client_of(fd) = client{};
  }

  /// Returns how many of the bytes are used up.
  std::size_t take(int fd, char* data, std::size_t size) {
    std::size_t done = 0;
    if (!client_of(fd).upgraded) {
      const std::string_view text(data, size);
      const auto head_end = text.find("\r\n\r\n");
      if (head_end == std::string_view::npos) return 0;
      upgrade(fd, text.substr(0, head_end));
      done = head_end + 4;
    }
    while (const auto frame = read_frame(data + done, size - done)) {
      done += frame->bytes;
      obey(fd, frame->payload);
    }
    return done;
  }

  void upgrade(int fd, std::string_view head) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    constexpr std::size_t key_chars = 24;
    const auto at = head.find(name);
    const auto key = at == std::string_view::npos ? "" : head.substr(at + name.size(), key_chars);
    put(fd,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
            accept_key(key) + "\r\n\r\n");
    client_of(fd).upgraded = true;
  }

  /// "J room" or "P room payload".
  void obey(int fd, std::string_view request) {
    if (request.size() < 3) return;
    const auto blank = request.find(' ', 2);
    auto& r = rooms_[std::string(request.substr(2, blank - 2))];
    if (request[0] == 'J') {
      r.members.push_back(fd);
      put(fd, server_frame("J"));
    } else if (request[0] == 'P' && blank != std::string_view::npos) {
      const auto frame = server_frame(request.substr(blank + 1));
      if (!coalesce_) {
        for (const int member : r.members)
          put(member, frame);
        return;
      }
      if (r.pending.empty()) rooms_to_send_.push_back(&r);
      r.pending += frame;
    }
  }

  const bool coalesce_;
  const int listener_;
  const int epoll_;
  std::vector<client> clients_;  ///< by descriptor
  std::unordered_map<std::string, room> rooms_;
  std::vector<room*> rooms_to_send_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} * 1024);
};

}  // namespace

void serve(int port, bool coalesce) {
  std::signal(SIGPIPE, SIG_IGN);
  room_server(port, coalesce).run();
}

}  // namespace greenroom::load
