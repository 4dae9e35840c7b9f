// SPDX-License-Identifier: MIT
#include <csignal>
#include <iostream>

#include "cli/tool.hpp"

int main(int argc, char** argv) {
  // A reader that goes away (`greenroom console actors | head`) is an error of the write.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return static_cast<int>(greenroom::cli::run_tool(argc, argv));
  } catch (const std::exception& e) {
    std::cerr << "greenroom: " << e.what() << '\n';
    return 1;
  }
}
