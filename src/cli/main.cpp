// SPDX-License-Identifier: MIT
#include <langinfo.h>

#include <clocale>
#include <csignal>
#include <cstring>
#include <iostream>

#include "cli/tool.hpp"

namespace {

/// Without this libedit takes every byte that is not ASCII for nothing. Only the characters:
/// numbers and messages stay as scripts expect them.
void use_utf8() {
  if (std::setlocale(LC_CTYPE, "") == nullptr || std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that goes away (`greenroom console actors | head`) is an error of the write.
  std::signal(SIGPIPE, SIG_IGN);
  use_utf8();
  try {
    return static_cast<int>(greenroom::cli::run_tool(argc, argv));
  } catch (const std::exception& e) {
    std::cerr << "greenroom: " << e.what() << '\n';
    return 1;
  }
}
