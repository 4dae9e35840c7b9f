// SPDX-License-Identifier: MIT
#include "placement/key_plan.hpp"

#include <algorithm>

namespace greenroom::placement {

const signing_key* signing_key_at(const cluster_map& map, unix_ms now) noexcept {
  const signing_key* found = nullptr;
  for (const auto& k : map.keys) {
    if (k.retired) continue;
    if (found == nullptr || k.created_at + key_settle_ms <= now) found = &k;
  }
  return found;
}

unix_ms key_needed_until(const cluster_map& map, const signing_key& key,
                         unix_ms token_ms) noexcept {
  const auto own = std::find_if(map.keys.begin(), map.keys.end(),
                                [&](const signing_key& k) { return k.id == key.id; });
  if (own == map.keys.end()) return 0;
  const auto next =
      std::find_if(own + 1, map.keys.end(), [](const signing_key& k) { return !k.retired; });
  if (next == map.keys.end()) return 0;
  // Once more for nodes whose clocks are behind, which sign with it a little longer.
  return next->created_at + 2 * key_settle_ms + token_ms;
}

std::vector<retire_key> keys_to_retire(const cluster_map& map, unix_ms now, unix_ms token_ms) {
  std::vector<retire_key> found;
  for (const auto& k : map.keys) {
    const auto until = key_needed_until(map, k, token_ms);
    if (!k.retired && until != 0 && until <= now) found.push_back({k.id});
  }
  return found;
}

bool wants_new_key(const cluster_map& map, unix_ms now, unix_ms rotate_after_ms) noexcept {
  const auto* newest = current_key(map);
  if (rotate_after_ms == 0 || newest == nullptr) return false;
  const bool room =
      map.keys.size() < keys_max ||
      std::any_of(map.keys.begin(), map.keys.end(), [](const signing_key& k) { return k.retired; });
  return room && now - newest->created_at >= rotate_after_ms;
}

}  // namespace greenroom::placement
