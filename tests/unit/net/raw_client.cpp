// SPDX-License-Identifier: MIT
#include "unit/net/raw_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace greenroom::net::test {

namespace {
constexpr int patience_ms = std::chrono::milliseconds(patience).count();
}

int ws_frame::close_code() const {
  if (opcode != op_close || payload.size() < 2) return 0;
  return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
}

raw_client::raw_client(std::uint16_t port, int receive_bytes) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

raw_client::~raw_client() {
  if (socket_ >= 0) close(socket_);
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void raw_client::shut_down() {
  shutdown(socket_, SHUT_WR);
}

void raw_client::reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(socket_);
  socket_ = -1;
}

bool raw_client::fill() {
  pollfd wait{socket_, POLLIN, 0};
  if (poll(&wait, 1, patience_ms) != 1) return false;
  char bytes[65536];
  const auto got = recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  in_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> raw_client::take(std::size_t bytes) {
  while (in_.size() < bytes) {
    if (!fill()) return std::nullopt;
  }
  auto taken = in_.substr(0, bytes);
  in_.erase(0, bytes);
  return taken;
}

std::optional<reply> raw_client::read_reply(bool with_body) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  auto header = *take(end + 4);
  reply r;
  r.status = std::stoi(header.substr(9, 3));
  for (auto at = header.find("\r\n") + 2; at < end;) {
    const auto line_end = header.find("\r\n", at);
    const auto colon = header.find(':', at);
    auto name = header.substr(at, colon - at);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    r.headers[name] = header.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (with_body && r.headers.contains("content-length")) {
    auto body = take(std::stoul(r.headers["content-length"]));
    if (!body) return std::nullopt;
    r.body = std::move(*body);
  }
  return r;
}

std::optional<reply> raw_client::ask(std::string_view request) {
  send(request);
  return read_reply(!request.starts_with("HEAD"));
}

bool raw_client::closed_by_server() {
  for (;;) {
    pollfd wait{socket_, POLLIN, 0};
    if (poll(&wait, 1, patience_ms) != 1) return false;
    char bytes[65536];
    if (recv(socket_, bytes, sizeof bytes, 0) <= 0) return true;
  }
}

int raw_client::upgrade(std::string_view more_headers, std::string_view target) {
  std::string request = "GET " + std::string(target) +
                        " HTTP/1.1\r\nHost: chat.example:8080\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  request.append(more_headers).append("\r\n");
  send(request);
  const auto r = read_reply();
  upgrade_headers = r ? r->headers : std::map<std::string, std::string>{};
  return r ? r->status : 0;
}

std::string frame_bytes(int opcode, std::string_view payload, bool fin, int rsv, bool masked) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | (rsv << 4) | opcode);
  const auto mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else {
    const int bytes = payload.size() < 65536 ? 2 : 8;
    out += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
    for (int i = bytes - 1; i >= 0; --i)
      out += static_cast<char>(payload.size() >> (8 * i));
  }
  if (!masked) return out.append(payload);
  constexpr std::string_view key = "\x11\x22\x33\x44";
  out.append(key);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

bool raw_client::send_frame(int opcode, std::string_view payload, bool fin, int rsv, bool masked) {
  return send(frame_bytes(opcode, payload, fin, rsv, masked));
}

std::optional<ws_frame> raw_client::read_frame() {
  const auto start = take(2);
  if (!start) return std::nullopt;
  ws_frame f;
  f.fin = ((*start)[0] & 0x80) != 0;
  f.rsv = (*start)[0] >> 4 & 0x07;
  f.opcode = (*start)[0] & 0x0f;
  std::size_t size = (*start)[1] & 0x7f;
  if (size >= 126) {
    const auto longer = take(size == 126 ? 2 : 8);
    if (!longer) return std::nullopt;
    size = 0;
    for (const char c : *longer)
      size = size * 256 + static_cast<unsigned char>(c);
  }
  auto payload = take(size);
  if (!payload) return std::nullopt;
  f.payload = std::move(*payload);
  return f;
}

int raw_client::read_close_code() {
  while (const auto f = read_frame()) {
    if (f->opcode == op_close) return f->payload.empty() ? -1 : f->close_code();
  }
  return 0;
}

}  // namespace greenroom::net::test
