// SPDX-License-Identifier: MIT
#include "actors/explain.hpp"

#include <algorithm>

namespace greenroom::actors::explain {

namespace {

using nlohmann::json;
using names = std::vector<std::string>;

constexpr std::uint64_t mib = 1 << 20;

std::string list_of(const names& all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == all.size() ? " and " : ", ") + all[i];
  }
  return out.empty() ? "none" : out;
}

const char* gives(const names& who) {
  return who.size() == 1 ? " gives " : " each give ";
}

bool has(const names& all, const std::string& name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

std::string voters(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " voter" : " voters");
}

std::string entries(std::uint64_t n) {
  return n == 1 ? "1 entry" : std::to_string(n) + " entries";
}

/// What follows from the picture before anything is said.
struct view {
  const replica* leader = nullptr;
  names voters;
  names live;  ///< voters that are heard of
  std::size_t needed = 1;
  [[nodiscard]] bool has_majority() const { return live.size() >= needed; }
};

view look(const picture& p) {
  view v;
  for (const auto& r : p.replicas) {
    // Two may think that they lead: the later one is right.
    if (r.leads && (v.leader == nullptr || r.term > v.leader->term)) {
      v.leader = &r;
    }
  }
  v.voters = p.voters;
  if (v.leader != nullptr) {
    v.voters.clear();
    for (const auto& m : v.leader->group) {
      if (!m.voter) {
        continue;
      }
      v.voters.push_back(m.node);
      // Who has just begun to lead has not heard of anybody yet; the others' own answers count.
      const bool answers = std::any_of(p.replicas.begin(), p.replicas.end(),
                                       [&](const replica& r) { return r.node == m.node; });
      // Who does not answer any more may be gone before the leader has noticed.
      const bool heard = m.lag || (!v.leader->settled && answers);
      if (m.node == v.leader->node || (heard && !p.away.contains(m.node))) {
        v.live.push_back(m.node);
      }
    }
  } else {
    for (const auto& r : p.replicas) {
      if (has(v.voters, r.node)) {
        v.live.push_back(r.node);
      }
    }
  }
  v.needed = v.voters.size() / 2 + 1;
  return v;
}

std::string majority_sentence(const view& v) {
  return "of " + voters(v.voters.size()) + " (" + list_of(v.voters) + ") " +
         (v.live.empty() ? "none is heard of" : "only " + list_of(v.live) + " can be reached") +
         ", and " + std::to_string(v.needed) + (v.needed == 1 ? " is" : " are") + " needed";
}

void tell_leader(const picture& p, const view& v, std::vector<sentence>& out) {
  if (v.voters.empty()) {
    out.push_back({"leader", "nobody: it has no replicas yet"});
  } else if (v.leader == nullptr && !v.has_majority()) {
    out.push_back({"leader", "nobody leads it: " + majority_sentence(v)});
  } else if (v.leader == nullptr) {
    out.push_back({"leader", "nobody leads it now; " + list_of(v.live) +
                                 (v.live.size() == 1 ? " answers and is" : " answer and are") +
                                 " enough, so an election should end within " +
                                 std::to_string(2 * p.election_timeout_ms) + " ms"});
  } else {
    out.push_back(
        {"leader",
         v.leader->node + " leads it, in term " + std::to_string(v.leader->term) + ", with " +
             entries(v.leader->last) + " so far" +
             (v.leader->settled ? "" : "; it has just begun to") +
             (v.leader->resting ? "; nothing happens, so the group rests without heartbeats"
                                : "")});
  }
}

std::string follower_sentence(const picture& p, const view& v, const member& m) {
  const auto away = p.away.find(m.node);
  const auto own = std::find_if(p.replicas.begin(), p.replicas.end(),
                                [&](const replica& r) { return r.node == m.node; });
  if (away != p.away.end()) {
    return "is away: " + away->second;
  }
  std::string says = m.voter ? "follows" : "is a standby, without a vote until it keeps up";
  if (own != p.replicas.end() && !own->fetches_from.empty()) {
    return says + ", and fetches the state from " + own->fetches_from + " (" +
           std::to_string(own->fetched_bytes / mib) + " MiB so far)";
  }
  if (!m.lag) {
    return v.leader->settled ? "answers, but the leader has not heard of it lately"
                             : says + "; how far it is the leader has yet to hear";
  }
  return says + (*m.lag == 0             ? ", and has all of it"
                 : *m.lag <= few_entries ? ", " + entries(*m.lag) + " behind, which is nothing"
                                         : ", " + entries(*m.lag) + " behind");
}

void tell_followers(const picture& p, const view& v, std::vector<sentence>& out) {
  if (v.leader != nullptr) {
    for (const auto& m : v.leader->group) {
      if (m.node != v.leader->node) {
        out.push_back({m.node, follower_sentence(p, v, m)});
      }
    }
    return;
  }
  for (const auto& node : v.voters) {
    const auto own = std::find_if(p.replicas.begin(), p.replicas.end(),
                                  [&](const replica& r) { return r.node == node; });
    const auto away = p.away.find(node);
    out.push_back({node, own != p.replicas.end() ? "has " + entries(own->last) + ", of term " +
                                                       std::to_string(own->term) + " at the latest"
                         : away != p.away.end() ? "is away: " + away->second
                                                : "answers, but has no replica (yet)"});
  }
}

void tell_moves(const picture& p, const view& v, std::vector<sentence>& out) {
  names comes;
  names goes;
  for (const auto& node : p.wanted) {
    if (!has(v.voters, node)) {
      comes.push_back(node);
    }
  }
  for (const auto& node : v.voters) {
    if (!has(p.wanted, node)) {
      goes.push_back(node);
    }
  }
  std::string says;
  if (!comes.empty()) {
    says = list_of(comes) + (comes.size() == 1 ? " is" : " are") + " to get a replica";
    says += goes.empty() ? "" : ", and " + list_of(goes) + gives(goes) + "its up then";
    says += v.has_majority() ? "" : "; that waits for a majority";
  } else if (!goes.empty()) {
    says = list_of(goes) + gives(goes) + "its replica up";
  } else {
    says = "nothing: its replicas are where they shall be";
  }
  for (const auto& node : v.voters) {
    if (p.stepping_back.contains(node)) {
      says += "; " + node + " is drained" +
              (v.leader != nullptr && v.leader->node == node ? " and leads only until another can"
                                                             : " and is not to lead");
    }
  }
  if (v.leader != nullptr && comes.empty() && goes.empty() && !p.wanted.empty() &&
      p.wanted.front() != v.leader->node && !p.stepping_back.contains(p.wanted.front())) {
    says += "; " + p.wanted.front() + " is to lead when all is well";
  }
  out.push_back({"moves", std::move(says)});
}

void tell_pin(const picture& p, std::vector<sentence>& out) {
  if (!p.pinned_since.empty()) {
    out.push_back({"pinned", "an operator has placed it (" + p.pinned_since + "; audit tail says " +
                                 "who): it is not evened out, and only what is lost or " +
                                 "decommissioned is made up for; ends with shard unpin " +
                                 std::to_string(p.shard)});
  }
}

void tell_writes(const picture& p, const view& v, std::vector<sentence>& out) {
  names why;
  if (p.room && p.room->deleted) {
    why.emplace_back("refused: the room is deleted");
  } else if (p.room && p.room->archived) {
    why.emplace_back("refused with CONFLICT: the room is archived");
  }
  if (v.leader == nullptr) {
    why.emplace_back("refused with UNAVAILABLE: nobody leads the shard");
  } else if (!v.has_majority()) {
    why.push_back("not agreed on, and UNAVAILABLE when their time is over: " +
                  majority_sentence(v));
  } else {
    const auto& l = *v.leader;
    if (l.is_full) {
      why.push_back("refused with UNAVAILABLE for the moment: " + std::to_string(l.inflight) +
                    " changes are in flight and not agreed on yet");
    }
    if (l.store_stopped) {
      why.push_back("waiting: the store of " + l.node +
                    " has stopped them until compactions catch "
                    "up");
    } else if (l.delayed_bytes_per_s > 0) {
      why.push_back("slow: the store of " + l.node + " takes " +
                    std::to_string(std::max<std::uint64_t>(1, l.delayed_bytes_per_s / mib)) +
                    " MiB a second");
    }
    if (l.bad_disk) {
      why.push_back("slow: the disk of " + l.node +
                    " is slow, damaged or nearly full, and no other node can lead");
    }
  }
  std::string says;
  for (const auto& reason : why) {
    says += (says.empty() ? "" : "; ") + reason;
  }
  out.push_back({"writes", why.empty() ? "are taken" : says});
}

std::string if_stopped(const picture& p, const view& v, const std::string& node) {
  if (!has(v.live, node)) {
    return "nothing changes: it is not heard of now";
  }
  if (v.voters.size() == 1) {
    return "the shard stops until it is back: there is no other replica";
  }
  const auto left = v.live.size() - 1;
  if (!v.has_majority()) {
    return "it stays as it is: no writes, and history (stale) from one replica less";
  }
  if (left < v.needed) {
    return "no writes until it or another is back: " + std::to_string(left) + " of " +
           voters(v.voters.size()) + " would be left, and " + std::to_string(v.needed) +
           " are needed; history stays readable, as stale";
  }
  const std::string then = left > v.needed ? "" : "; then no other of its nodes could be spared";
  if (v.leader != nullptr && v.leader->node == node) {
    return "the others elect a leader within " + std::to_string(p.election_timeout_ms) + " to " +
           std::to_string(2 * p.election_timeout_ms) +
           " ms, and requests wait for it; nothing that was acknowledged is lost" + then;
  }
  return "it goes on without a pause" + then;
}

}  // namespace

json to_json(const replica& r) {
  json group = json::array();
  for (const auto& m : r.group) {
    group.push_back({{"node", m.node}, {"voter", m.voter}, {"lag", m.lag ? json(*m.lag) : json()}});
  }
  return {{"node", r.node},
          {"leads", r.leads},
          {"settled", r.settled},
          {"term", r.term},
          {"last", r.last},
          {"inflight", r.inflight},
          {"full", r.is_full},
          {"resting", r.resting},
          {"fetches_from", r.fetches_from},
          {"fetched_bytes", r.fetched_bytes},
          {"group", std::move(group)},
          {"store_stopped", r.store_stopped},
          {"delayed_bytes_per_s", r.delayed_bytes_per_s},
          {"bad_disk", r.bad_disk}};
}

replica replica_of(const json& row) {
  replica r;
  const auto take = [&](const json& from, const char* name, auto& to) {
    const auto it = from.find(name);
    using value_type = std::decay_t<decltype(to)>;
    if (it == from.end()) {
      return;
    }
    if constexpr (std::is_same_v<value_type, bool>) {
      to = it->is_boolean() ? it->template get<bool>() : to;
    } else if constexpr (std::is_same_v<value_type, std::string>) {
      to = it->is_string() ? it->template get<std::string>() : to;
    } else {
      to = it->is_number_unsigned() ? it->template get<value_type>() : to;
    }
  };
  take(row, "node", r.node);
  take(row, "leads", r.leads);
  take(row, "settled", r.settled);
  take(row, "term", r.term);
  take(row, "last", r.last);
  take(row, "inflight", r.inflight);
  take(row, "full", r.is_full);
  take(row, "resting", r.resting);
  take(row, "fetches_from", r.fetches_from);
  take(row, "fetched_bytes", r.fetched_bytes);
  take(row, "store_stopped", r.store_stopped);
  take(row, "delayed_bytes_per_s", r.delayed_bytes_per_s);
  take(row, "bad_disk", r.bad_disk);
  for (const auto& m : row.value("group", json::array())) {
    if (!m.is_object()) {
      continue;
    }
    member known;
    take(m, "node", known.node);
    take(m, "voter", known.voter);
    if (const auto lag = m.find("lag"); lag != m.end() && lag->is_number_unsigned()) {
      known.lag = lag->get<std::uint64_t>();
    }
    r.group.push_back(std::move(known));
  }
  return r;
}

std::vector<sentence> tell(const picture& p) {
  const auto v = look(p);
  std::vector<sentence> out;
  if (p.room) {
    out.push_back({"room", p.room->name + " (" + p.room->id + ") is in shard " +
                               std::to_string(p.shard) + ", and goes wherever that goes"});
  }
  tell_leader(p, v, out);
  tell_followers(p, v, out);
  tell_moves(p, v, out);
  tell_pin(p, out);
  tell_writes(p, v, out);
  for (const auto& node : v.voters) {
    out.push_back({"if " + node + " stops", if_stopped(p, v, node)});
  }
  names others;
  for (const auto& node : p.others) {
    if (!has(v.voters, node)) {
      others.push_back(node);
    }
  }
  if (!others.empty()) {
    out.push_back({"if another stops", list_of(others) + (others.size() == 1 ? " has" : " have") +
                                           " no vote in it: nothing changes here"});
  }
  return out;
}

}  // namespace greenroom::actors::explain
