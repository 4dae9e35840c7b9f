// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A client of plain bytes, so that tests can send what no library would. Every wait has a
/// deadline; what does not arrive is an empty optional or a shorter text.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom::net::test {

/// For what hangs, not for what is slow, as instrumented programs are.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds patience{60};
#else
constexpr std::chrono::seconds patience{10};
#endif

struct reply {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

struct ws_frame {
  int opcode = 0;
  bool fin = true;
  int rsv = 0;  ///< three bits, the first is the highest
  std::string payload;
  /// Of a close frame; 0 when it has none.
  [[nodiscard]] int close_code() const;
};

constexpr int op_continue = 0, op_text = 1, op_binary = 2, op_close = 8, op_ping = 9, op_pong = 10;

class raw_client {
 public:
  /// `receive_bytes`: size of the socket's receive buffer, 0: the system's.
  explicit raw_client(std::uint16_t port, int receive_bytes = 0);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  /// False when the server has closed.
  bool send(std::string_view bytes);
  /// Our half of the connection ends.
  void shut_down();
  /// With RST instead of FIN.
  void reset();

  /// So many bytes; empty when they do not come.
  std::optional<std::string> read_bytes(std::size_t bytes) { return take(bytes); }
  /// One HTTP answer; `with_body` false for HEAD.
  std::optional<reply> read_reply(bool with_body = true);
  /// Sends a whole request and reads the answer.
  std::optional<reply> ask(std::string_view request);
  /// True when the server closes within the deadline; what comes before is swallowed.
  bool closed_by_server();

  /// The upgrade with these header lines beside the necessary ones; the answer's status.
  int upgrade(std::string_view more_headers = {}, std::string_view target = "/ws");
  /// Headers of the last upgrade's answer.
  std::map<std::string, std::string> upgrade_headers;
  bool send_frame(int opcode, std::string_view payload, bool fin = true, int rsv = 0,
                  bool masked = true);
  std::optional<ws_frame> read_frame();
  /// Skips other frames; the code of the close frame, 0: none came, -1: one without a code.
  int read_close_code();

 private:
  bool fill();
  std::optional<std::string> take(std::size_t bytes);

  int socket_ = -1;
  std::string in_;
};

/// Header and payload of one client frame.
std::string frame_bytes(int opcode, std::string_view payload, bool fin = true, int rsv = 0,
                        bool masked = true);

}  // namespace greenroom::net::test
