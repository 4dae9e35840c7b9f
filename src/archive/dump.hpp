// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The records of a store at rest, for people: each as JSON, or counted.

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/uuid.hpp"
#include "store/database.hpp"

namespace greenroom::archive {

struct dump_options {
  std::optional<std::uint16_t> shard;
  std::optional<uuid> room;  ///< what belongs to it, and the lines of users' lists
  std::optional<store::family> kind;
  std::uint64_t limit = 0;  ///< records; 0: all
};

struct dumped {
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;  ///< shown with their key and what is wrong
};

/// Family by family, in the order of keys; secrets are not shown (store/describe.hpp). `show` says
/// false to end it.
expected<dumped> dump(const std::filesystem::path& folder, const dump_options& options,
                      const std::function<bool(const nlohmann::json&)>& show);

struct counted {
  std::optional<std::uint16_t> shard;  ///< nothing: the node's own
  store::family kind = store::family::meta;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  ///< of keys and values, not compressed
};
struct table_sizes {
  store::family kind = store::family::meta;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< compressed, what is obsolete included
};
struct store_figures {
  std::vector<counted> counts;      ///< by shard, then kind; those with records
  std::vector<table_sizes> tables;  ///< every kind
  std::uint64_t journal_bytes = 0;  ///< written, and not in tables yet
};

expected<store_figures> count(const std::filesystem::path& folder);

}  // namespace greenroom::archive
