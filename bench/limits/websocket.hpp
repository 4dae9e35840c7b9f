// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The two halves of limit_ws, and the frame that both send.

#include <string>
#include <string_view>

namespace greenroom::load {

struct blast_options {
  int sockets = 1000;
  int frames_per_write = 1;
  double seconds = 3;
  int frame_bytes = 200;
  bool vectored = false;  ///< writev of single frames instead of one buffer that holds them all
};

/// Writes prebuilt frames to many sockets as fast as they take them, on core 0; a child process on
/// core 1 reads and throws away. What one core can push through loopback TCP.
void blast(const blast_options& o);

/// The smallest room server: "J room" joins, "P room payload" sends to all who have. One shared
/// buffer per room and turn of the loop, one send per member; with `coalesce` off, one send per
/// message. Does not return.
[[noreturn]] void serve(int port, bool coalesce);

/// A whole unmasked binary frame, as servers send it; payloads under 64 KiB.
std::string server_frame(std::string_view payload);

}  // namespace greenroom::load
