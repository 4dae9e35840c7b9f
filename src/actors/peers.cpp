// SPDX-License-Identifier: MIT
#include "actors/peers.hpp"

#include "actors/frames.hpp"
#include "actors/link_metrics.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::actors {

namespace {

constexpr auto grace = std::chrono::seconds(1);

reply_ptr lost(call_number number) {
  auto r = std::make_shared<reply>();
  r->number = number;
  r->body = unavailable("the link to that node was lost", 500).value();
  return r;
}

}  // namespace

bool peers::send(const node_id& to, std::string frame) {
  const auto link = link_to(to);
  if (!link) {
    return false;
  }
  caf::anon_send(*link, frame_bytes(std::make_shared<const std::string>(std::move(frame))));
  return true;
}

bool peers::ask(const node_id& to, const call_ptr& what, reply_sink answer_to) {
  const auto link = link_to(to);
  if (!link) {
    return false;
  }
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_[what->number] = {
        std::move(answer_to), to,
        std::chrono::steady_clock::now() + std::chrono::milliseconds(what->timeout_ms) + grace};
  }
  caf::anon_send(*link, frame_bytes(std::make_shared<const std::string>(frames::encode(*what))));
  return true;
}

bool peers::publish(const node_id& to, const room_publish_ptr& what) {
  const bool sent = send(to, frames::encode(*what));
  if (sent && what->event && what->event->seq > 0) {
    link_metrics::instance().events_sent.Increment();
  }
  return sent;
}

bool peers::notify(const node_id& to, const user_notice_ptr& what) {
  return send(to, frames::encode(*what));
}

bool peers::tell_presence(const node_id& to, const presence_publish_ptr& what) {
  return send(to, frames::encode(*what));
}

bool peers::group(const node_id& to, group_message what) {
  return send(to, frames::encode(what));
}

std::optional<std::chrono::steady_clock::time_point> peers::up_since(const node_id& node) const {
  const std::lock_guard lock(links_mutex_);
  const auto it = links_.find(node);
  const bool there = it != links_.end() && !it->second.draining && !it->second.silent;
  return there ? std::optional(it->second.since) : std::nullopt;
}

std::optional<std::string> peers::address_of(const node_id& node) const {
  const std::lock_guard lock(links_mutex_);
  const auto it = links_.find(node);
  return it == links_.end() ? std::nullopt : std::optional(it->second.who.address);
}

std::optional<std::chrono::steady_clock::time_point> peers::silent_since(
    const node_id& node) const {
  const std::lock_guard lock(links_mutex_);
  if (const auto it = links_.find(node); it != links_.end()) {
    return it->second.silent ? std::optional(it->second.silent_since) : std::nullopt;
  }
  const auto gone = lost_.find(node);
  return gone == lost_.end() ? std::nullopt : std::optional(gone->second);
}

void peers::set_draining(const node_id& node) {
  const std::lock_guard lock(links_mutex_);
  if (const auto it = links_.find(node); it != links_.end()) {
    it->second.draining = true;
  }
}

void peers::set_silent(const node_id& node, bool silent) {
  const std::lock_guard lock(links_mutex_);
  if (const auto it = links_.find(node); it != links_.end()) {
    const auto now = std::chrono::steady_clock::now();
    if (silent && !it->second.silent) {
      it->second.silent_since = now;
    } else if (!silent) {
      it->second.since = now;
    }
    it->second.silent = silent;
  }
}

bool peers::probe(const node_id& to, const leader_probe& what) {
  return send(to, frames::encode(what));
}

bool peers::word(const node_id& to, const peer_word& what) {
  return send(to, frames::encode(what));
}

void peers::word_to_all(const peer_word& what) {
  std::vector<node_id> all;
  {
    const std::lock_guard lock(links_mutex_);
    for (const auto& [id, e] : links_) {
      all.push_back(id);
    }
  }
  for (const auto& id : all) {
    word(id, what);
  }
}

// -- links
// -------------------------------------------------------------------------------------------

void peers::up(const peer_info& who, link_actor link) {
  const std::lock_guard lock(links_mutex_);
  links_[who.id] = {who, std::move(link), std::chrono::steady_clock::now()};
  lost_.erase(who.id);
}

bool peers::down(const node_id& who, const caf::actor_addr& link) {
  {
    const std::lock_guard lock(links_mutex_);
    const auto it = links_.find(who);
    if (it == links_.end() || it->second.link.address() != link) {
      return false;
    }
    lost_[who] = it->second.silent ? it->second.silent_since : std::chrono::steady_clock::now();
    links_.erase(it);
  }
  link_metrics::instance().links_lost.Increment();
  std::vector<std::pair<call_number, reply_sink>> orphans;
  {
    const std::lock_guard lock(waiting_mutex_);
    std::erase_if(waiting_, [&](const auto& e) {
      if (e.second.asked != who) {
        return false;
      }
      orphans.emplace_back(e.first, e.second.sink);
      return true;
    });
  }
  for (const auto& [number, sink] : orphans) {
    caf::anon_send(sink, lost(number));
  }
  return true;
}

std::optional<link_actor> peers::link_to(const node_id& node) const {
  const std::lock_guard lock(links_mutex_);
  const auto it = links_.find(node);
  return it == links_.end() ? std::nullopt : std::optional(it->second.link);
}

std::vector<link_view> peers::views() const {
  const std::lock_guard lock(links_mutex_);
  std::vector<link_view> all;
  for (const auto& [id, e] : links_) {
    all.push_back({e.who, e.since});
  }
  return all;
}

void peers::set_admin(admin_actor admin) {
  const std::lock_guard lock(local_mutex_);
  admin_ = std::move(admin);
}

void peers::set_cluster(cluster_actor cluster) {
  const std::lock_guard lock(local_mutex_);
  cluster_ = std::move(cluster);
}

void peers::tell_cluster(peer_change_ptr change) const {
  std::optional<cluster_actor> cluster;
  {
    const std::lock_guard lock(local_mutex_);
    cluster = cluster_;
  }
  if (cluster) {
    caf::anon_send(*cluster, std::move(change));
  }
}

void peers::forget_local() {
  {
    const std::lock_guard lock(links_mutex_);
    links_.clear();
  }
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_.clear();
  }
  const std::lock_guard lock(local_mutex_);
  admin_.reset();
  cluster_.reset();
}

void peers::sweep() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(waiting_mutex_);
  std::erase_if(waiting_, [&](const auto& e) { return now >= e.second.until; });
}

// -- arrivals
// ------------------------------------------------------------------------------------------

void peers::take(const node_id& from, std::string_view frame) {
  auto d = frames::decode(frame);
  if (!d) {
    link_metrics::instance().damaged_frames.Increment();
    telemetry::log_seldom(
        {.component = "link", .level = spdlog::level::err, .key = "frame of " + from.str()},
        "from {}: {}", from.str(), d.error().message);
    return;
  }
  if (auto* c = std::get_if<call_ptr>(&*d)) {
    const auto back = link_to(from);
    if (!back) {
      return;  // no way to answer: the asker's time-out does
    }
    const auto sink = caf::actor_cast<reply_sink>(*back);
    if (const auto* query = std::get_if<admin_query>(&(*c)->body)) {
      std::optional<admin_actor> admin;
      {
        const std::lock_guard lock(local_mutex_);
        admin = admin_;
      }
      if (admin) {
        auto r = std::make_shared<admin_request>();
        r->request = nlohmann::json::parse(query->json, nullptr, false);
        r->local_only = true;
        r->done = answer_once([sink, number = (*c)->number](const nlohmann::json& answer) {
          auto out = std::make_shared<reply>();
          out->number = number;
          out->body =
              admin_result{answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
          caf::anon_send(sink, reply_ptr(std::move(out)));
        });
        caf::anon_send(*admin, admin_request_ptr(std::move(r)));
      }
      return;
    }
    if (const auto shard = board_.local_shard((*c)->shard)) {
      caf::anon_send(*shard, *c, sink);
    } else {
      auto r = std::make_shared<reply>();
      r->number = (*c)->number;
      r->body = not_leader{};
      caf::anon_send(sink, reply_ptr(std::move(r)));
    }
  } else if (auto* r = std::get_if<reply_ptr>(&*d)) {
    std::optional<reply_sink> sink;
    {
      const std::lock_guard lock(waiting_mutex_);
      const auto it = waiting_.find((*r)->number);
      if (it != waiting_.end() && it->second.asked == from) {
        sink = std::move(it->second.sink);
        waiting_.erase(it);
      }
    }
    if (sink) {
      caf::anon_send(*sink, *r);
    }
  } else if (auto* g = std::get_if<group_message>(&*d)) {
    board_.take_group(std::move(*g));
  } else if (auto* q = std::get_if<leader_probe_ptr>(&*d)) {
    if (const auto shard = board_.local_shard((*q)->shard)) {
      caf::anon_send(*shard, *q);
    }
  } else if (auto* p = std::get_if<room_publish_ptr>(&*d)) {
    board_.publish(board_.self(), *p);
  } else if (auto* n = std::get_if<user_notice_ptr>(&*d)) {
    board_.notify(board_.self(), *n);
  } else if (auto* s = std::get_if<presence_publish_ptr>(&*d)) {
    board_.tell_presence(board_.self(), *s);
  } else if (auto* w = std::get_if<peer_word>(&*d)) {
    w->from = from;
    std::optional<cluster_actor> cluster;
    {
      const std::lock_guard lock(local_mutex_);
      cluster = cluster_;
    }
    if (cluster) {
      caf::anon_send(*cluster, peer_word_ptr(std::make_shared<const peer_word>(std::move(*w))));
    }
  }
}

}  // namespace greenroom::actors
