// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom store`: the data folder of a node that does not run. Whether it is whole, what is in
/// it, a backup of it, and a folder made of a backup.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.hpp"

namespace CLI {
class App;
}

namespace greenroom::cli {

struct store_options {
  enum class verb { verify, dump, stats, backup, restore };
  verb what = verb::verify;
  std::string folder;                ///< a data folder, a backup or a store
  std::vector<std::string> backups;  ///< restore: one, or the parts of a set
  std::string to;  ///< backup: the folder that is made; restore: the data folder that is made
  std::optional<std::uint16_t> shard;
  std::string room;  ///< id or alias
  std::string kind;
  std::uint64_t limit = 0;  ///< 0: all
  bool as_json = false;
  bool new_identity = false;
};

CLI::App* add_store(CLI::App& program, store_options& o);
exit_code run_store(const store_options& o);

}  // namespace greenroom::cli
