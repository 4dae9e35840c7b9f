// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The command line of `greenroom chat`.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace greenroom::cli {

struct chat_options {
  std::vector<std::string> nodes;  ///< host:port, each checked and complete
  std::string user;
  bool create = false;
  std::string password_file;
  std::string room;
  std::string output = "text";
  std::vector<std::string> execute;
  bool no_save = false;
  bool tcp = false;
};

CLI::App* add_chat(CLI::App& program, chat_options& o);

}  // namespace greenroom::cli
