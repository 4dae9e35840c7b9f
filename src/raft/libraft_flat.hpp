// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The core's events as the flat structs of libraft_shim.h and back. For libraft_core.cpp.

#include <vector>

#include "raft/core.hpp"
#include "raft/libraft_shim.h"

namespace greenroom::raft {

std::vector<gr_server> flat(const configuration& c);
/// Without the entries.
gr_message flat(const message& from);
outgoing from_flat(const gr_message& m);

/// Entries in the library's shape. Holds what the pointers in them point to.
class flat_entries {
 public:
  /// `term`: for all of them; 0: each has its own.
  expected<void> assign(const std::vector<store::log_entry>& from, std::uint64_t term) {
    servers_.reserve(from.size());
    for (const auto& e : from) {
      gr_entry flat_entry{term != 0 ? term : e.term, e.type, {nullptr, 0}};
      if (e.type == static_cast<std::uint8_t>(entry_kind::configuration)) {
        const auto group = decode_configuration(e.data ? *e.data : std::string());
        if (!group) return tl::unexpected(group.error());
        servers_.push_back(flat(*group));
        flat_entry.servers = {servers_.back().data(), servers_.back().size()};
      }
      entries_.push_back(flat_entry);
    }
    return {};
  }
  [[nodiscard]] const gr_entry* data() const { return entries_.data(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::vector<gr_entry> entries_;
  std::vector<std::vector<gr_server>> servers_;
};

/// A snapshot point in the library's shape. Holds what the pointer in it points to.
struct flat_point {
  explicit flat_point(const snapshot_point& p)
      : servers(greenroom::raft::flat(p.configured.group)),
        flat{p.index, p.term, {p.configured.index, {servers.data(), servers.size()}}} {}
  std::vector<gr_server> servers;
  gr_snapshot flat;
};

}  // namespace greenroom::raft
