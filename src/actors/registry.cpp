// SPDX-License-Identifier: MIT
#include "actors/registry.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

constexpr std::array<std::string_view, actor_kind_count> kind_names{
    "node",    "cluster",    "link",   "gate",  "shard",    "room",     "user",     "relay",
    "session", "connection", "worker", "admin", "presence", "searcher", "webhooks", "canary"};

/// Failed names that are remembered for their restart counts.
constexpr std::size_t failures_max = 4096;

std::string kind_and_name(actor_kind kind, std::string_view name) {
  std::string key{to_string(kind)};
  key += ' ';
  key += name;
  return key;
}

}  // namespace

std::string_view to_string(actor_kind kind) noexcept {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<actor_kind> parse_actor_kind(std::string_view text) noexcept {
  const auto found = std::find(kind_names.begin(), kind_names.end(), text);
  if (found == kind_names.end()) {
    return std::nullopt;
  }
  return static_cast<actor_kind>(found - kind_names.begin());
}

std::string actor_record::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

void actor_record::set_name(std::string name) {
  const std::lock_guard lock(mutex_);
  name_ = std::move(name);
}

std::string actor_record::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

void actor_record::set_report(std::string text) {
  const std::lock_guard lock(mutex_);
  report_ = std::move(text);
}

std::shared_ptr<const actor_facts> actor_record::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

void actor_record::set_facts(std::shared_ptr<const actor_facts> facts) {
  const std::lock_guard lock(mutex_);
  facts_ = std::move(facts);
}

void actor_record::set_role(const char* word) noexcept {
  const auto* const before = role();
  if (before == word || (before != nullptr && std::string_view(before) == word)) {
    return;
  }
  role_since_.store(std::chrono::steady_clock::now().time_since_epoch().count(),
                    std::memory_order_relaxed);
  role_.store(word, std::memory_order_relaxed);
}

void actor_record::drop(const char* reason) {
  dropped.store(dropped.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  for (auto& [known, times] : drops_) {
    if (std::string_view(known) == reason) {
      ++times;
      return;
    }
  }
  drops_.emplace_back(reason, 1);
}

std::vector<std::pair<const char*, std::uint64_t>> actor_record::dropped_by_reason() const {
  const std::lock_guard lock(mutex_);
  return drops_;
}

std::optional<std::chrono::milliseconds> actor_record::oldest_message(
    std::chrono::steady_clock::time_point now) const {
  // In this order: what is handled meanwhile had come.
  const auto done = handled.load(std::memory_order_relaxed);
  const auto come = enqueued.load(std::memory_order_relaxed);
  if (come <= done) {
    return std::nullopt;
  }
  if (const auto age = waiting.at_least(done, now)) {
    return age;
  }
  const std::lock_guard lock(mutex_);
  if (looked_.come <= done) {
    looked_ = {come, now};
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::max(now - looked_.at, std::chrono::steady_clock::duration::zero()));
}

registry& registry::instance() {
  static registry only;
  return only;
}

std::shared_ptr<actor_record> registry::enter(registration who, std::uint64_t actor_id,
                                              caf::actor_addr address) {
  auto record = std::make_shared<actor_record>();
  record->id = actor_id;
  record->address = std::move(address);
  record->kind = who.kind;
  record->parent = std::move(who.parent);
  record->started = std::chrono::steady_clock::now();
  record->recent.begin(record->started);
  {
    const std::lock_guard lock(failures_mutex_);
    if (!failures_.empty()) {
      if (const auto it = failures_.find(kind_and_name(who.kind, who.name));
          it != failures_.end()) {
        record->restarts = it->second;
      }
    }
  }
  record->set_name(std::move(who.name));
  auto& s = stripes_[actor_id % stripes];
  const std::lock_guard lock(s.mutex);
  s.records[actor_id] = record;
  return record;
}

void registry::leave(const std::shared_ptr<actor_record>& record) {
  auto& s = stripes_[record->id % stripes];
  const std::lock_guard lock(s.mutex);
  // With the stripe's mutex: whoever adds up meets it either there or here.
  if (s.records.erase(record->id) == 0) {
    return;
  }
  auto& sum = ended_[static_cast<std::size_t>(record->kind)];
  const auto add = [](auto& to, const auto& from) {
    to.fetch_add(from.load(std::memory_order_relaxed), std::memory_order_relaxed);
  };
  add(sum.handled, record->handled);
  add(sum.busy_ns, record->busy_ns);
  add(sum.errors, record->errors);
}

void registry::failed(const actor_record& record, const std::string& why) {
  const auto name = record.name();
  std::uint32_t times = 0;
  {
    const std::lock_guard lock(failures_mutex_);
    if (failures_.size() >= failures_max) {
      failures_.clear();  // restart counts are a diagnosis, not a truth
    }
    times = ++failures_[kind_and_name(record.kind, name)];
  }
  // The first ones and then every hundredth: a crash loop must not fill the disk with its log.
  if (times <= 5 || times % 100 == 0) {
    telemetry::log("actors").error("{} {} failed (time {}): {}", to_string(record.kind), name,
                                   times, why);
  }
}

namespace {

actor_view figures_of(const actor_record& r, std::chrono::steady_clock::time_point now) {
  actor_view row;
  row.id = r.id;
  row.kind = r.kind;
  row.handled = r.handled.load(std::memory_order_relaxed);
  const auto enqueued = r.enqueued.load(std::memory_order_relaxed);
  row.queue_depth = enqueued > row.handled ? enqueued - row.handled : 0;
  const auto age = now - r.started;
  const auto busy_ns = r.busy_ns.load(std::memory_order_relaxed);
  row.busy_us = busy_ns / 1000;
  const auto age_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(age).count();
  row.busy_percent =
      age_ns > 0 ? 100.0 * static_cast<double>(busy_ns) / static_cast<double>(age_ns) : 0;
  const auto recent = r.recent.look(now, {row.handled, busy_ns});
  row.recent_busy_percent = recent.busy_percent;
  row.recent_per_second = recent.per_second;
  row.dropped = r.dropped.load(std::memory_order_relaxed);
  row.role = r.role();
  if (row.role != nullptr) {
    row.role_ms =
        std::max<std::int64_t>(0, (now.time_since_epoch().count() - r.role_since()) / 1'000'000);
  }
  row.errors = r.errors.load(std::memory_order_relaxed);
  row.restarts = r.restarts;
  row.age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  if (const auto last = r.last_handled.load(std::memory_order_relaxed); last != 0) {
    row.last_message_ms =
        std::max<std::int64_t>(0, (now.time_since_epoch().count() - last) / 1'000'000);
  }
  if (const auto oldest = r.oldest_message(now)) {
    row.oldest_message_ms = oldest->count();
  }
  row.last_kind = r.last_kind.load(std::memory_order_relaxed);
  return row;
}

void put_texts(actor_view& row, const actor_record& r) {
  row.name = r.name();
  row.parent = r.parent;
  row.report = r.report();
  row.facts = r.facts();
}

}  // namespace

std::vector<std::shared_ptr<actor_record>> registry::in_order(std::optional<actor_kind> kind,
                                                              std::string_view parent,
                                                              std::size_t limit) const {
  // With what they are ordered by: following 100,000 pointers again and again takes longer.
  struct place {
    actor_kind kind;
    std::uint64_t id;
    std::shared_ptr<actor_record> record;
  };
  std::vector<place> places;
  for (const auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    for (const auto& [id, record] : s.records) {
      if ((!kind || record->kind == *kind) && (parent.empty() || record->parent == parent)) {
        places.push_back({record->kind, id, record});
      }
    }
  }
  std::sort(places.begin(), places.end(), [](const place& a, const place& b) {
    return a.kind != b.kind ? a.kind < b.kind : a.id < b.id;
  });
  std::vector<std::shared_ptr<actor_record>> records;
  records.reserve(std::min(limit, places.size()));
  for (auto& p : places) {
    if (records.size() == limit) {
      break;
    }
    records.push_back(std::move(p.record));
  }
  return records;
}

std::vector<actor_view> registry::snapshot(std::optional<actor_kind> kind,
                                           std::size_t limit) const {
  const auto records = in_order(kind, {}, limit);
  const auto now = std::chrono::steady_clock::now();
  std::vector<actor_view> rows;
  rows.reserve(records.size());
  for (const auto& record : records) {
    put_texts(rows.emplace_back(figures_of(*record, now)), *record);
  }
  return rows;
}

std::vector<actor_view> registry::figures(std::optional<actor_kind> kind,
                                          std::string_view parent) const {
  const auto records = in_order(kind, parent, std::numeric_limits<std::size_t>::max());
  const auto now = std::chrono::steady_clock::now();
  std::vector<actor_view> rows;
  rows.reserve(records.size());
  for (const auto& record : records) {
    rows.push_back(figures_of(*record, now));
  }
  return rows;
}

std::optional<actor_view> registry::find(std::uint64_t id) const {
  const auto record = record_of(id);
  if (!record) {
    return std::nullopt;
  }
  auto row = figures_of(*record, std::chrono::steady_clock::now());
  put_texts(row, *record);
  row.drops = record->dropped_by_reason();
  return row;
}

caf::actor_addr registry::address_of(std::uint64_t id) const {
  const auto record = record_of(id);
  return record ? record->address : caf::actor_addr();
}

std::size_t registry::count_children(actor_kind kind, std::string_view name) const {
  const auto of_kind = to_string(kind);
  const auto of_name = kind_and_name(kind, name);
  std::size_t children = 0;
  for (const auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    children += static_cast<std::size_t>(
        std::count_if(s.records.begin(), s.records.end(), [&](const auto& entry) {
          const auto& parent = entry.second->parent;
          return parent == of_kind || parent == of_name;
        }));
  }
  return children;
}

std::shared_ptr<actor_record> registry::record_of(std::uint64_t id) const {
  const auto& s = stripes_[id % stripes];
  const std::lock_guard lock(s.mutex);
  const auto it = s.records.find(id);
  return it == s.records.end() ? nullptr : it->second;
}

void registry::complete(std::vector<actor_view>& some) const {
  std::erase_if(some, [this](actor_view& row) {
    const auto record = record_of(row.id);
    if (record) {
      put_texts(row, *record);
    }
    return !record;
  });
}

std::array<kind_totals, actor_kind_count> registry::totals() const {
  std::array<kind_totals, actor_kind_count> all{};
  // All at once, so that no actor is missed, or met twice, on its way out: counters never fall.
  std::array<std::unique_lock<std::mutex>, stripes> locks;
  for (std::size_t i = 0; i < stripes; ++i) {
    locks[i] = std::unique_lock(stripes_[i].mutex);
  }
  for (const auto& s : stripes_) {
    for (const auto& [id, record] : s.records) {
      auto& sum = all[static_cast<std::size_t>(record->kind)];
      const auto handled = record->handled.load(std::memory_order_relaxed);
      const auto enqueued = record->enqueued.load(std::memory_order_relaxed);
      const auto queued = enqueued > handled ? enqueued - handled : 0;
      ++sum.actors;
      sum.queued += queued;
      sum.longest_queue = std::max(sum.longest_queue, queued);
      sum.handled += handled;
      sum.busy_ns += record->busy_ns.load(std::memory_order_relaxed);
      sum.errors += record->errors.load(std::memory_order_relaxed);
    }
  }
  for (std::size_t kind = 0; kind < all.size(); ++kind) {
    all[kind].handled += ended_[kind].handled.load(std::memory_order_relaxed);
    all[kind].busy_ns += ended_[kind].busy_ns.load(std::memory_order_relaxed);
    all[kind].errors += ended_[kind].errors.load(std::memory_order_relaxed);
  }
  return all;
}

std::size_t registry::count(actor_kind kind) const {
  std::size_t n = 0;
  for (const auto& s : stripes_) {
    const std::lock_guard lock(s.mutex);
    n += static_cast<std::size_t>(
        std::count_if(s.records.begin(), s.records.end(),
                      [kind](const auto& entry) { return entry.second->kind == kind; }));
  }
  return n;
}

}  // namespace greenroom::actors
