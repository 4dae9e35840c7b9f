// SPDX-License-Identifier: MIT
/// limit_ws: what one core can push through loopback TCP as WebSocket frames, free-running (blast)
/// or as the smallest server that can take part in a benchmark (serve).

#include "limits/websocket.hpp"

#include <cstdlib>

#include "load/machine.hpp"

namespace greenroom::load {

std::string server_frame(std::string_view payload) {
  std::string frame(1, '\x82');
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 255);
  }
  return frame.append(payload);
}

}  // namespace greenroom::load

namespace {

int serve_or_blast(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  greenroom::load::raise_file_limit();
  if (verb == "blast" && argc >= 5) {
    greenroom::load::blast({std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]),
                            argc > 5 ? std::atoi(argv[5]) : 200, argc > 6});
    return 0;
  }
  if (verb == "serve" && argc >= 3) {
    greenroom::load::serve(std::atoi(argv[2]), argc < 4 || std::atoi(argv[3]) != 0);
  }
  greenroom::load::give_up(
      "usage: limit_ws blast SOCKETS FRAMES_PER_WRITE SECS [BYTES [writev]]\n"
      "       limit_ws serve PORT [0: one send per message]",
      2);
}

}  // namespace

int main(int argc, char** argv) {
  return greenroom::load::run_program(serve_or_blast, argc, argv);
}
