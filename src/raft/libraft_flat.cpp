// SPDX-License-Identifier: MIT
#include "raft/libraft_flat.hpp"

#include <type_traits>

namespace greenroom::raft {

std::vector<gr_server> flat(const configuration& c) {
  std::vector<gr_server> out;
  out.reserve(c.servers.size());
  for (const auto& s : c.servers)
    out.push_back({s.id, s.voter ? 1 : 0});
  return out;
}

gr_message flat(const message& from) {
  gr_message m{};
  std::visit(
      [&m]<class T>(const T& x) {
        m.term = x.term;
        if constexpr (std::is_same_v<T, request_vote>) {
          m.kind = GR_REQUEST_VOTE;
          m.candidate = x.candidate;
          m.index = x.last_index;
          m.index_term = x.last_term;
          m.disrupt_leader = x.disrupt_leader;
          m.pre_vote = x.pre_vote;
        } else if constexpr (std::is_same_v<T, vote_result>) {
          m.kind = GR_VOTE_RESULT;
          m.granted = x.granted;
          m.pre_vote = x.pre_vote;
        } else if constexpr (std::is_same_v<T, append_entries>) {
          m.kind = GR_APPEND_ENTRIES;
          m.index = x.prev_index;
          m.index_term = x.prev_term;
          m.commit = x.commit;
        } else if constexpr (std::is_same_v<T, append_result>) {
          m.kind = GR_APPEND_RESULT;
          m.rejected = x.rejected;
          m.index = x.last_index;
        } else if constexpr (std::is_same_v<T, install_snapshot>) {
          m.kind = GR_INSTALL_SNAPSHOT;
          m.index = x.last_index;
          m.index_term = x.last_term;
          m.configuration_index = x.configuration_index;
        } else {
          m.kind = GR_TIMEOUT_NOW;
          m.index = x.last_index;
          m.index_term = x.last_term;
        }
      },
      from);
  return m;
}

outgoing from_flat(const gr_message& m) {
  outgoing out{.to = m.peer, .what = {}, .entry_count = 0};
  switch (m.kind) {
    case GR_APPEND_ENTRIES:
      out.what = append_entries{m.term, m.index, m.index_term, m.commit, {}};
      out.entry_count = m.entry_count;
      break;
    case GR_APPEND_RESULT:
      out.what = append_result{m.term, m.rejected, m.index};
      break;
    case GR_REQUEST_VOTE:
      out.what = request_vote{m.term,       m.candidate,           m.index,
                              m.index_term, m.disrupt_leader != 0, m.pre_vote != 0};
      break;
    case GR_VOTE_RESULT:
      out.what = vote_result{m.term, m.granted != 0, m.pre_vote != 0};
      break;
    case GR_INSTALL_SNAPSHOT:
      out.what = install_snapshot{m.term, m.index, m.index_term, m.configuration_index};
      break;
    case GR_TIMEOUT_NOW:
      out.what = timeout_now{m.term, m.index, m.index_term};
      break;
  }
  return out;
}

}  // namespace greenroom::raft
