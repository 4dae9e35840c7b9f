// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The folder of a log of JSON lines, and its files: the one that is written, and the older ones.

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

namespace greenroom::test {

class log_folder {
 public:
  /// `name` of the file that is written.
  explicit log_folder(std::string name) : name_(std::move(name)) {}

  /// The nth older one, 0: the one that is written.
  [[nodiscard]] std::filesystem::path file(int n = 0) const {
    return own_.path() / (n == 0 ? name_ : name_ + "." + std::to_string(n));
  }
  [[nodiscard]] std::vector<nlohmann::json> lines(int n = 0) const {
    std::ifstream in(file(n));
    std::vector<nlohmann::json> all;
    for (std::string line; std::getline(in, line);)
      all.push_back(nlohmann::json::parse(line));
    return all;
  }

 private:
  std::string name_;
  temporary_folder own_;
};

}  // namespace greenroom::test
