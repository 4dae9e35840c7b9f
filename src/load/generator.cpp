// SPDX-License-Identifier: MIT
#include "load/generator.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace greenroom::load {

namespace {

constexpr double join_seconds_max = 170;
constexpr std::uint64_t step_ns = 20'000'000;
constexpr std::uint64_t silence_ns = 300'000'000;
constexpr std::uint64_t settle_ns_max = 20'000'000'000;
constexpr std::size_t buffer_bytes = 256 * 1024;
/// Connections per source address, so that ports do not run out.
constexpr std::uint32_t connections_per_address = 8000;

sockaddr_in address(std::uint32_t ip, int port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = ip;
  a.sin_port = htons(static_cast<std::uint16_t>(port));
  return a;
}

}  // namespace

generator::generator(load_options o, const driver_maker& make)
    : options_(std::move(o)),
      ingest_(options_.mode == "ingest"),
      mixed_(options_.mode == "mixed"),
      buffer_(buffer_bytes) {
  if (mixed_ && options_.rate <= 0) give_up("mixed is an open loop: it needs a rate");
  driver_ = make(options_, *this);
  if (!driver_) give_up("unknown protocol " + options_.proto);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) system_failure("epoll");
  raise_file_limit();
}

generator::~generator() {
  for (auto& c : connections_)
    shut(c, false);
  close(epoll_);
}

// -- connections ---------------------------------------------------------------------------------

void generator::open(connection& c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c.fd < 0) system_failure("socket");
  prepare_socket(c.fd);
  const int on = 1;
  setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  auto to = address(0, options_.port);
  if (inet_pton(AF_INET, options_.host.c_str(), &to.sin_addr) != 1) {
    give_up("the host must be an IPv4 address, and " + options_.host + " is none");
  }
  const auto from = address(htonl(0x7f000002U + c.id / connections_per_address), 0);
  const bool is_loopback = (ntohl(to.sin_addr.s_addr) >> 24U) == 127;
  if (is_loopback && bind(c.fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
    system_failure("bind");
  }
  c.connecting = true;
  c.ready = false;
  c.step = 0;
  c.in.clear();
  c.out.clear();
  c.out_done = 0;
  c.unacknowledged_ns.clear();
  c.opened_ns = now_ns();
  ++c.generation;
  ++opening_count_;
  if (connect(c.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS) {
    return failed(c, std::strerror(errno), {});
  }
  watch(c, EPOLL_CTL_ADD, true);
}

void generator::shut(connection& c, bool reset) {
  if (!c.is_open()) return;
  if (reset) {
    const linger at_once{1, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  close(c.fd);
  c.fd = -1;
  --(c.ready ? ready_count_ : opening_count_);
  c.ready = false;
}

void generator::joined(connection& c) {
  if (c.ready) return;
  c.ready = true;
  ++ready_count_;
  --opening_count_;
  join_latency_.add(now_ns() - c.opened_ns);
}

void generator::failed(connection& c, const char* why, std::string_view detail) {
  note(why, detail);
  const bool was_ready = c.ready;
  shut(c, true);
  if (was_ready) {
    ++dropped_count_;
  } else {
    ++retry_count_;
    to_retry_.push_back(c.id);
  }
}

/// The first failure is reported, as text that JSON can hold.
void generator::note(const char* why, std::string_view detail) {
  if (!first_failure_.empty()) return;
  first_failure_ = std::string(why) + " " + std::string(detail.substr(0, 200));
  std::replace_if(
      first_failure_.begin(), first_failure_.end(),
      [](char c) { return c < 32 || c > 126 || c == '"' || c == '\\'; }, ' ');
}

void generator::watch(connection& c, int operation, bool out) {
  epoll_event e{};
  e.events = out ? EPOLLIN | EPOLLOUT : EPOLLIN;
  e.data.u32 = c.id;
  epoll_ctl(epoll_, operation, c.fd, &e);
  c.wants_out = out;
}

void generator::flush(connection& c) {
  if (!c.is_open() || c.connecting) return;
  while (c.out_done < c.out.size()) {
    const auto sent =
        send(c.fd, c.out.data() + c.out_done, c.out.size() - c.out_done, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) break;
      return failed(c, std::strerror(errno), {});
    }
    c.out_done += static_cast<std::size_t>(sent);
  }
  const bool has_more = c.out_done < c.out.size();
  if (!has_more) {
    c.out.clear();
    c.out_done = 0;
  }
  if (has_more != c.wants_out) watch(c, EPOLL_CTL_MOD, has_more);
}

// -- the event loop ------------------------------------------------------------------------------

void generator::flush_all() {
  for (std::size_t i = 0; i < with_output_.size(); ++i)
    flush(connections_[with_output_[i]]);
  with_output_.clear();
}

void generator::poll(std::uint64_t wait_ns) {
  flush_all();
  std::array<epoll_event, 1024> events;
  const timespec wait{static_cast<time_t>(wait_ns / 1'000'000'000),
                      static_cast<long>(wait_ns % 1'000'000'000)};
  const int count = epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto& e = events[static_cast<std::size_t>(i)];
    if (auto& c = connections_[e.data.u32]; c.is_open()) take_event(c, e.events);
  }
  flush_all();
}

void generator::take_event(connection& c, std::uint32_t events) {
  if (c.connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return failed(c, std::strerror(error), {});
    c.connecting = false;
    driver_->start(c);
    flush(c);
  } else if ((events & EPOLLOUT) != 0) {
    flush(c);
  }
  if (c.is_open() && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) read(c);
}

void generator::read(connection& c) {
  const auto got = recv(c.fd, buffer_.data(), buffer_.size(), 0);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    return failed(c, got < 0 ? std::strerror(errno) : "closed by server", {});
  }
  read_at_ns_ = now_ns();
  if (measuring_) ++read_count_;
  const auto size = static_cast<std::size_t>(got);
  if (c.in.empty()) {
    const auto used = driver_->parse(c, buffer_.data(), size);
    if (c.is_open() && used < size) c.in.assign(buffer_.data() + used, size - used);
  } else {
    c.in.append(buffer_.data(), size);
    const auto used = driver_->parse(c, c.in.data(), c.in.size());
    if (c.is_open()) c.in.erase(0, used);
  }
  if (c.has_output) {
    c.has_output = false;
    with_output_.push_back(c.id);
  }
}

double generator::join_all(const std::vector<std::uint32_t>& ids) {
  const auto begin_ns = now_ns();
  const auto wanted = ready_count_ + ids.size();
  std::size_t next = 0;
  while (ready_count_ < wanted) {
    while (opening_count_ < static_cast<std::uint32_t>(options_.inflight)) {
      if (next < ids.size()) {
        open(connections_[ids[next++]]);
      } else if (!to_retry_.empty()) {
        const auto id = to_retry_.back();
        to_retry_.pop_back();
        open(connections_[id]);
      } else {
        break;
      }
    }
    poll(step_ns);
    if (seconds_between(begin_ns, now_ns()) > join_seconds_max ||
        retry_count_ > 5 * connections_.size() + 100) {
      give_up(options_.label + ": joined only " + std::to_string(ready_count_) + " of " +
                  std::to_string(wanted) + " (" + first_failure_ + ")",
              2);
    }
  }
  return seconds_between(begin_ns, now_ns());
}

void generator::poll_for(double seconds) {
  const auto end_ns = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  for (auto now = now_ns(); now < end_ns; now = now_ns())
    poll(std::min(end_ns - now, step_ns));
}

void generator::settle() {
  const auto give_up_ns = now_ns() + settle_ns_max;
  read_at_ns_ = now_ns();
  for (auto now = read_at_ns_; now < give_up_ns && now - read_at_ns_ < silence_ns; now = now_ns())
    poll(step_ns);
}

}  // namespace greenroom::load
