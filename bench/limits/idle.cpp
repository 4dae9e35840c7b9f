// SPDX-License-Identifier: MIT
/// limit_idle N: kernel memory of N idle TCP pairs over loopback, both ends in this process.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "load/json_line.hpp"
#include "load/machine.hpp"

namespace {

constexpr std::uint32_t pairs_per_address = 8000;

int connect_pair(std::uint32_t number, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(0x7f000002U + number / pairs_per_address);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    greenroom::load::system_failure("connect");
  }
  return fd;
}

int measure_pairs(int argc, char** argv) {
  const int pairs = argc > 1 ? std::atoi(argv[1]) : 10'000;
  if (pairs <= 0) greenroom::load::give_up("usage: limit_idle PAIRS", 2);
  const auto sockets = 2.0 * pairs;
  greenroom::load::raise_file_limit(static_cast<std::uint64_t>(sockets) + 100);
  int port = 0;
  const int listener = greenroom::load::listen_on_loopback(port);
  const int epoll = epoll_create1(0);
  std::vector<int> fds;
  fds.reserve(static_cast<std::size_t>(sockets));
  const auto slab = greenroom::load::meminfo_kib("Slab");
  const auto available = greenroom::load::meminfo_kib("MemAvailable");
  const auto rss = greenroom::load::rss_kib(getpid());
  const auto begin_ns = greenroom::load::now_ns();
  for (int i = 0; i < pairs; ++i) {
    const int near = connect_pair(static_cast<std::uint32_t>(i), port);
    const int far = accept(listener, nullptr, nullptr);
    for (const int fd : {near, far}) {
      greenroom::load::prepare_socket(fd);
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.fd = fd;
      epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
      fds.push_back(fd);
    }
  }
  const auto seconds = greenroom::load::seconds_between(begin_ns, greenroom::load::now_ns());
  const auto each = [&](long kib) { return static_cast<double>(kib) * 1024 / sockets; };
  greenroom::load::json_line()
      .text("label", "idle pairs")
      .number("pairs", pairs)
      .number("connect_per_s", pairs / seconds)
      .number("slab_per_socket", each(greenroom::load::meminfo_kib("Slab") - slab))
      .number("memory_per_socket", each(available - greenroom::load::meminfo_kib("MemAvailable")))
      .number("rss_per_socket", each(greenroom::load::rss_kib(getpid()) - rss))
      .print();
  for (const int fd : fds)
    close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return greenroom::load::run_program(measure_pairs, argc, argv);
}
