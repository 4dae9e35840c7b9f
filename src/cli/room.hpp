// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom room`: a room as a file, whether such a file can be true, and a room of it again.

#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"

namespace CLI {
class App;
}

namespace greenroom::cli {

struct room_options {
  enum class verb { exported, verified, restored };
  verb what = verb::exported;
  std::string node = "127.0.0.1:8080";  ///< host:port
  std::string token_file;
  std::string user;
  std::string password_file;
  std::string room;  ///< id or alias; restore: id of the one to go on with
  std::string file;
  std::string head;               ///< verify, restore: what the chain has to end in, in hexadecimal
  std::optional<std::string> to;  ///< restore: the entry up to which; none: all of them
  bool keep_id = false;           ///< restore: under the file's id
  bool abandon = false;           ///< restore: erases what came of `room`
};

CLI::App* add_room(CLI::App& program, room_options& o);
exit_code run_room(const room_options& o);

}  // namespace greenroom::cli
