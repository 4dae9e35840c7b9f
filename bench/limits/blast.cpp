// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "limits/websocket.hpp"
#include "load/json_line.hpp"
#include "load/machine.hpp"

namespace greenroom::load {

namespace {

struct sink_figures {
  double bytes = 0;
  double reads = 0;
  double cpu_s = 0;
};

/// The child: connects, reads until all sockets are closed, and tells what that cost.
[[noreturn]] void read_all(int sockets, int port, int report_fd) {
  pin_to_core(1);
  const int epoll = epoll_create1(0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  for (int i = 0; i < sockets; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      system_failure("connect");
    }
    prepare_socket(fd);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
  }
  std::vector<char> buffer(std::size_t{256} * 1024);
  sink_figures figures;
  for (int open = sockets; open > 0;) {
    std::array<epoll_event, 1024> events;
    const int count = epoll_wait(epoll, events.data(), events.size(), 1000);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const auto got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        figures.bytes += static_cast<double>(got);
        ++figures.reads;
      } else if (got == 0 || errno != EAGAIN) {
        close(fd);
        --open;
      }
    }
  }
  figures.cpu_s = cpu_of_self().all_s;
  _exit(write(report_fd, &figures, sizeof figures) == sizeof figures ? 0 : 1);
}

/// Frames of one write, again and again, to all sockets in turn.
class writer {
 public:
  writer(const blast_options& o, int listener)
      : vectored_(o.vectored),
        frame_(server_frame(std::string(static_cast<std::size_t>(o.frame_bytes), 'x'))) {
    for (int i = 0; i < o.frames_per_write; ++i)
      all_ += frame_;
    pieces_.assign(static_cast<std::size_t>(o.frames_per_write),
                   iovec{frame_.data(), frame_.size()});
    for (int i = 0; i < o.sockets; ++i) {
      sockets_.push_back({accept(listener, nullptr, nullptr), 0});
      prepare_socket(sockets_.back().fd);
    }
  }

  void round() {
    std::size_t blocked = 0;
    for (auto& s : sockets_) {
      const auto written =
          vectored_ && s.done == 0
              ? writev(s.fd, pieces_.data(), static_cast<int>(pieces_.size()))
              : send(s.fd, all_.data() + s.done, all_.size() - s.done, MSG_NOSIGNAL);
      if (written < 0) {
        ++blocked;
        continue;
      }
      bytes_ += static_cast<double>(written);
      s.done = (s.done + static_cast<std::size_t>(written)) % all_.size();
    }
    blocked_ += static_cast<double>(blocked);
    if (blocked * 2 > sockets_.size()) usleep(500);  // the reader is behind
  }

  void close_all() {
    for (const auto& s : sockets_)
      close(s.fd);
  }
  [[nodiscard]] double frame_bytes() const { return static_cast<double>(frame_.size()); }
  [[nodiscard]] double frames() const { return bytes_ / frame_bytes(); }
  [[nodiscard]] double blocked() const { return blocked_; }

 private:
  struct target {
    int fd;
    std::size_t done;  ///< of the current write
  };
  const bool vectored_;
  std::string frame_;
  std::string all_;
  std::vector<iovec> pieces_;
  std::vector<target> sockets_;
  double bytes_ = 0;
  double blocked_ = 0;
};

}  // namespace

void blast(const blast_options& o) {
  int port = 0;
  const int listener = listen_on_loopback(port);
  std::array<int, 2> report{};
  if (pipe(report.data()) != 0) system_failure("pipe");
  const auto child = fork();
  if (child < 0) system_failure("fork");
  if (child == 0) read_all(o.sockets, port, report[1]);
  pin_to_core(0);
  writer w(o, listener);
  const auto cpu = cpu_of_self();
  const auto begin_ns = now_ns();
  while (seconds_between(begin_ns, now_ns()) < o.seconds)
    w.round();
  const auto seconds = seconds_between(begin_ns, now_ns());
  const auto cpu_s = cpu_of_self().all_s - cpu.all_s;
  w.close_all();
  sink_figures sink;
  if (read(report[0], &sink, sizeof sink) != sizeof sink) give_up("the reader has failed");
  waitpid(child, nullptr, 0);
  const auto millions = w.frames() / 1e6;
  json_line()
      .text("label", "blast")
      .number("sockets", o.sockets)
      .number("frames_per_write", o.frames_per_write)
      .number("writev", o.vectored ? 1 : 0)
      .number("size", o.frame_bytes)
      .number("per_s", w.frames() / seconds)
      .number("srv_cpu_per_M", cpu_s / millions, 3)
      .number("srv_pct", 100 * cpu_s / seconds)
      .number("cli_cpu_per_M", sink.cpu_s / millions, 3)
      .number("cli_pct", 100 * sink.cpu_s / seconds)
      .number("per_read", sink.bytes / w.frame_bytes() / sink.reads, 1)
      .number("blocked", w.blocked())
      .print();
}

}  // namespace greenroom::load
