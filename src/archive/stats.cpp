// SPDX-License-Identifier: MIT
#include <map>
#include <utility>

#include "archive/dump.hpp"
#include "archive/places.hpp"
#include "store/at_rest.hpp"
#include "store/describe.hpp"

namespace greenroom::archive {

namespace fs = std::filesystem;
using store::family;

expected<store_figures> count(const fs::path& folder) {
  const auto place = store_in(folder);
  const auto opened = store::resting_store::open(place);
  if (!opened) return tl::unexpected(opened.error());
  std::map<std::pair<std::optional<std::uint16_t>, family>, counted> counts;
  std::map<family, table_sizes> tables;
  for (std::size_t i = 0; i < store::family_count; ++i) {
    const auto f = static_cast<family>(i);
    tables[f].kind = f;
    const auto walked = (*opened)->walk(f, {}, [&](std::string_view key, std::string_view value) {
      const auto shard = store::shard_of_key(f, key);
      auto& c = counts[{shard, f}];
      c.shard = shard;
      c.kind = f;
      ++c.records;
      c.bytes += key.size() + value.size();
      return true;
    });
    if (!walked) return tl::unexpected(walked.error());
  }
  for (const auto& file : (*opened)->table_files()) {
    ++tables[file.of].files;
    tables[file.of].bytes += file.bytes;
  }
  store_figures out;
  for (auto& [at, c] : counts)
    out.counts.push_back(c);
  for (auto& [f, t] : tables)
    out.tables.push_back(t);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(place, none))
    if (entry.path().extension() == ".log") out.journal_bytes += entry.file_size(none);
  return out;
}

}  // namespace greenroom::archive
