// SPDX-License-Identifier: MIT
#include "net/round_trip.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace greenroom::net {

std::int64_t round_trip_us(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_rtt == 0) {
    return -1;
  }
  return info.tcpi_rtt;
}

}  // namespace greenroom::net
