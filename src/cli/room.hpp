// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom room`: a room as a file, and whether such a file can be true.

#include <string>
#include <vector>

#include "cli/exit_code.hpp"

namespace CLI {
class App;
}

namespace greenroom::cli {

struct room_options {
  enum class verb { exported, verified };
  verb what = verb::exported;
  std::string node = "127.0.0.1:8080";  ///< host:port
  std::string token_file;
  std::string user;
  std::string password_file;
  std::string room;  ///< id or alias
  std::string file;
  std::string head;  ///< verify: what the chain has to end in, in hexadecimal
};

CLI::App* add_room(CLI::App& program, room_options& o);
exit_code run_room(const room_options& o);

}  // namespace greenroom::cli
