// SPDX-License-Identifier: MIT
/// Links: to each other node that belongs to the cluster, also where there is none.

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "actors/admin.hpp"
#include "actors/link_facts.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::array columns{
    "node",      "peer",  "state", "queue",  "rtt_ms",           "bytes_in",
    "bytes_out", "since", "tls",   "cipher", "certificate_until"};

/// What the links of this node show: those that are up by their actor (there may be two to one
/// peer, if both have dialled, and only one is used), the others by where they dial.
struct shown_links {
  std::unordered_map<std::uint64_t, std::shared_ptr<const link_facts>> up;
  std::unordered_map<std::string, std::string> failures;
};

shown_links look() {
  shown_links found;
  for (const auto& a : registry::instance().snapshot(actor_kind::link, list_rows_max)) {
    auto facts = std::dynamic_pointer_cast<const link_facts>(a.facts);
    if (!facts) {
      continue;
    }
    const auto about = facts->about();
    if (facts->up.load()) {
      found.up[a.id] = std::move(facts);
    } else if (facts->dials) {
      found.failures[about.address] = about.failure;
    }
  }
  return found;
}

json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

/// Nothing of it is known while it is down.
void put_figures(json& row, const link_facts* facts) {
  const auto about = facts != nullptr ? facts->about() : link_facts::description{};
  const auto figure = [&](const char* name, const std::atomic<std::uint64_t> link_facts::*what) {
    row[name] = facts != nullptr ? json((facts->*what).load(std::memory_order_relaxed)) : json();
  };
  figure("frames_in", &link_facts::frames_in);
  figure("bytes_in", &link_facts::bytes_in);
  figure("frames_out", &link_facts::frames_out);
  figure("bytes_out", &link_facts::bytes_out);
  figure("dropped", &link_facts::dropped);
  figure("queue", &link_facts::queue);
  figure("queue_bytes", &link_facts::queue_bytes);
  figure("unacked_bytes", &link_facts::unacked_bytes);
  const auto rtt = facts != nullptr ? facts->rtt_us() : -1;
  row["rtt_ms"] = rtt < 0 ? json() : json(static_cast<double>(rtt) / 1000.0);
  row["dials"] = facts != nullptr ? json(facts->dials) : json();
  row["tls"] = text_or_null(about.tls);
  row["cipher"] = text_or_null(about.cipher);
  row["certificate_until"] =
      about.certificate_until == 0 ? json() : json(format_time(about.certificate_until));
}

}  // namespace

admin::rows admin::own_links() const {
  rows found;
  const auto links = look();
  std::unordered_set<uuid, uuid_hash> linked;
  const auto row_of = [&](const std::string& peer, const std::string& address, const uuid& id) {
    return json{{"node", env_->config.node.name},
                {"peer", peer},
                {"address", address},
                {"disk", env_->disks.known(id)}};
  };
  for (const auto& l : links_->views()) {
    auto row = row_of(l.who.name, l.who.address, l.who.id);
    const auto up = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - l.since);
    row["version"] = placement::release_of(l.who.version);
    // Silent: the connection is there, but the node has not said anything lately, or it is going.
    row["state"] = links_->up_since(l.who.id) ? "up" : "silent";
    row["since"] = format_time(now_ms() - up.count());
    row["up_s"] = up.count() / 1000;
    row["failure"] = nullptr;
    const auto used = links_->link_to(l.who.id);
    const auto facts = links.up.find(used ? used->id() : 0);
    put_figures(row, facts != links.up.end() ? facts->second.get() : nullptr);
    found.push_back(std::move(row));
    linked.insert(l.who.id);
  }
  const auto routes = env_->board.routes();
  for (const auto& n : routes->map ? routes->map->members : std::vector<placement::node_info>{}) {
    if (n.id == env_->board.self() || !placement::is_present(n.state) || linked.contains(n.id)) {
      continue;
    }
    auto row = row_of(n.name, n.address, n.id);
    row["version"] = placement::release_of(n.version);
    row["state"] = "down";
    row["since"] = nullptr;
    row["up_s"] = nullptr;
    // Where the other node dials, this one does not know why it does not.
    const auto why = links.failures.find(n.address);
    row["failure"] = why != links.failures.end() ? text_or_null(why->second) : json();
    put_figures(row, nullptr);
    found.push_back(std::move(row));
  }
  return found;
}

void admin::list_links(const admin_request& r, const json& /*args*/, clock::time_point deadline) {
  gather(r, deadline, {.columns = {columns.begin(), columns.end()}, .own = own_links()});
}

}  // namespace greenroom::actors
