// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>
#include <string>

#include "load/generator.hpp"
#include "load/payload.hpp"

namespace greenroom::load {

namespace {

/// Of a core: with more the generator, which has one thread, may be what limits.
constexpr double full_pct = 90;

double per(double value, double count) {
  return count > 0 ? value / count : 0;
}

}  // namespace

json_line generator::run() {
  payload_.assign(
      std::max<std::size_t>(static_cast<std::size_t>(options_.size), payload_head_bytes), 'x');
  payload_[0] = '@';
  payload_[1] = 'T';
  lay_out();
  driver_->prepare(connections_.size());
  if (options_.ws.create_rooms) make_rooms();
  const auto before = look();
  const auto join_s = join_all(all_ids());
  const auto after = look();
  if (options_.mode == "idle") return run_idle(before, after, join_s);
  if (options_.mode == "storm") return run_storm(join_s);
  settle();
  measure();
  return mixed_ ? report_mixed(join_s) : report(join_s);
}

void generator::lay_out() {
  const auto add = [this](std::size_t room, role r) {
    connection c;
    c.id = static_cast<std::uint32_t>(connections_.size());
    c.room = static_cast<std::uint32_t>(room);
    c.role = r;
    connections_.push_back(std::move(c));
  };
  if (options_.mode == "fanout") {
    rooms_.resize(static_cast<std::size_t>(options_.rooms));
    for (std::size_t r = 0; r < rooms_.size(); ++r) {
      for (int m = 0; m < options_.members; ++m)
        add(r, role::receiver);
      for (int s = 0; s < options_.senders; ++s) {
        rooms_[r].senders.push_back(static_cast<std::uint32_t>(connections_.size()));
        senders_.push_back(rooms_[r].senders.back());
        add(r, role::sender);
      }
    }
    copies_ = static_cast<std::uint64_t>(driver_->copies(options_.members, options_.senders));
    return;
  }
  if (mixed_) {  // everybody does everything
    rooms_.resize(static_cast<std::size_t>(options_.rooms));
    for (int m = 0; m < options_.members; ++m) {
      for (std::size_t r = 0; r < rooms_.size(); ++r) {
        senders_.push_back(static_cast<std::uint32_t>(connections_.size()));
        add(r, role::sender);
      }
    }
    copies_ = static_cast<std::uint64_t>(driver_->copies(options_.members, 0));
    return;
  }
  for (int i = 0; i < options_.conns; ++i) {
    const int room = ingest_ ? i % options_.rooms : i / std::max(1, options_.members);
    add(static_cast<std::size_t>(room), ingest_ ? role::sender : role::receiver);
  }
  if (ingest_) senders_ = all_ids();
  if (!ingest_) options_.rooms = static_cast<int>(connections_.back().room) + 1;
}

/// A connection of its own makes the rooms. Its user is a member of all of them, so it must not
/// stay.
void generator::make_rooms() {
  connection owner;
  owner.id = static_cast<std::uint32_t>(connections_.size());
  owner.role = role::owner;
  connections_.push_back(std::move(owner));
  join_all({connections_.back().id});
  shut(connections_.back(), false);
  connections_.pop_back();
  join_latency_ = {};
}

std::vector<std::uint32_t> generator::all_ids() const {
  std::vector<std::uint32_t> ids(connections_.size());
  std::iota(ids.begin(), ids.end(), 0U);
  return ids;
}

// -- idle and storm ------------------------------------------------------------------------------

json_line generator::run_idle(const snapshot& before, const snapshot& after, double join_s) {
  poll_for(options_.warm);
  const auto from = look();
  poll_for(options_.secs);
  const auto to = look();
  const auto count = static_cast<double>(connections_.size());
  const auto per_connection = [count](long kib) { return static_cast<double>(kib) * 1024 / count; };
  const auto join_cpu_s = after.server.all_s - before.server.all_s;
  const auto idle_cpu_s = to.server.all_s - from.server.all_s;
  auto line = begin_line();
  line.number("room_members", options_.members)
      .number("join_s", join_s, 3)
      .number("join_per_s", count / join_s)
      .number("join_cpu_us", join_cpu_s * 1e6 / count, 1)
      .number("join_p50_ms", join_latency_.quantile(.5) / 1e6, 2)
      .number("join_p99_ms", join_latency_.quantile(.99) / 1e6, 2)
      .number("join_p999_ms", join_latency_.quantile(.999) / 1e6, 2)
      .number("rss0_kb", static_cast<double>(before.server_rss_kib))
      .number("rss_kb", static_cast<double>(from.server_rss_kib))
      .number("rss_per_conn", per_connection(from.server_rss_kib - before.server_rss_kib))
      .number("slab_per_conn_both_ends", per_connection(from.slab_kib - before.slab_kib))
      .number("idle_cpu_pct", 100 * idle_cpu_s / seconds_between(from.at_ns, to.at_ns), 3);
  add_load(line, before, after);
  return line;
}

json_line generator::run_storm(double join_s) {
  poll_for(options_.warm);
  join_latency_ = {};
  retry_count_ = 0;
  dropped_count_ = 0;
  for (auto& c : connections_)
    shut(c, true);
  const auto from = look();
  const auto again_s = join_all(all_ids());
  const auto to = look();
  const auto count = static_cast<double>(connections_.size());
  auto line = begin_line();
  line.number("room_members", options_.members)
      .number("inflight", options_.inflight)
      .number("first_join_s", join_s, 3)
      .number("rejoin_s", again_s, 3)
      .number("rejoin_per_s", count / again_s)
      .number("p50_ms", join_latency_.quantile(.5) / 1e6, 2)
      .number("p99_ms", join_latency_.quantile(.99) / 1e6, 2)
      .number("p999_ms", join_latency_.quantile(.999) / 1e6, 2)
      .number("max_ms", join_latency_.largest() / 1e6, 2)
      .number("join_cpu_us", (to.server.all_s - from.server.all_s) * 1e6 / count, 1)
      .number("rss_kb", static_cast<double>(to.server_rss_kib));
  add_load(line, from, to);
  return line;
}

// -- the report ----------------------------------------------------------------------------------

json_line generator::report(double join_s) const {
  const auto seconds = seconds_between(begin_.at_ns, end_.at_ns);
  const auto count = static_cast<double>(ingest_ ? acknowledged_count_ : delivered_count_);
  const auto millions = count / 1e6;
  auto line = begin_line();
  line.number("rooms", options_.rooms)
      .number("members", options_.members)
      .number("senders", options_.senders)
      .number("window", options_.window)
      .number("rate", options_.rate)
      .number("size", options_.size)
      .number("per_s", count / seconds)
      .number("pub_per_s", static_cast<double>(published_measured_) / seconds)
      .number("p50_us", latency_.quantile(.5) / 1e3, 1)
      .number("p99_us", latency_.quantile(.99) / 1e3, 1)
      .number("p999_us", latency_.quantile(.999) / 1e3, 1)
      .number("max_us", latency_.largest() / 1e3, 1)
      .number("per_read", per(count, static_cast<double>(read_count_)), 2)
      .number("srv_cpu_per_M", per(end_.server.all_s - begin_.server.all_s, millions), 3)
      .number("srv_user_per_M", per(end_.server.user_s - begin_.server.user_s, millions), 3)
      .number("disk_bytes_each",
              per(static_cast<double>(end_.server_disk_bytes - begin_.server_disk_bytes), count), 1)
      .number("cli_cpu_per_M", per(end_.client.all_s - begin_.client.all_s, millions), 3)
      .number("rss_kb", static_cast<double>(end_.server_rss_kib))
      .number("join_s", join_s, 2)
      .number("lost", static_cast<double>(lost_count_))
      .number("foreign", static_cast<double>(foreign_count_))
      .number("ack_err", static_cast<double>(refused_count_));
  line.number("late_p99_us", late_.quantile(.99) / 1e3, 1);
  add_load(line, begin_, end_);
  return line;
}

json_line generator::report_mixed(double join_s) const {
  const auto seconds = seconds_between(begin_.at_ns, end_.at_ns);
  std::uint64_t answers = 0;
  for (const auto count : action_count_)
    answers += count;
  const auto millions = static_cast<double>(answers) / 1e6;
  auto line = begin_line();
  line.number("rooms", options_.rooms)
      .number("members", options_.members)
      .number("rate", options_.rate)
      .number("size", options_.size)
      .number("per_s", static_cast<double>(answers) / seconds);
  const auto times = [&line](const std::string& of, const histogram& h) {
    line.number(of + "p50_us", h.quantile(.5) / 1e3, 1)
        .number(of + "p99_us", h.quantile(.99) / 1e3, 1)
        .number(of + "p999_us", h.quantile(.999) / 1e3, 1);
  };
  times("", answer_latency_);
  for (std::size_t i = 0; i < action_names.size(); ++i) {
    const auto name = std::string(action_names[i]) + "_";
    line.number(name + "per_s", static_cast<double>(action_count_[i]) / seconds);
    times(name, action_latency_[i]);
  }
  line.number("delivery_per_s", static_cast<double>(delivered_count_) / seconds);
  times("delivery_", latency_);
  line.number("srv_cpu_per_M", per(end_.server.all_s - begin_.server.all_s, millions), 3)
      .number("rss_kb", static_cast<double>(end_.server_rss_kib))
      .number("join_s", join_s, 2)
      .number("lost", static_cast<double>(lost_count_))
      .number("foreign", static_cast<double>(foreign_count_))
      .number("ack_err", static_cast<double>(refused_count_))
      .number("late_p99_us", late_.quantile(.99) / 1e3, 1);
  add_load(line, begin_, end_);
  return line;
}

json_line generator::begin_line() const {
  json_line line;
  line.text("label", options_.label)
      .text("proto", options_.proto)
      .text("mode", options_.mode)
      .number("conns", static_cast<double>(connections_.size()));
  return line;
}

/// Who was busy, and with what: at 100 % that side was the limit. If others were busy too, the run
/// says little.
void generator::add_load(json_line& line, const snapshot& from, const snapshot& to) const {
  const auto percent = 100 / seconds_between(from.at_ns, to.at_ns);
  std::vector<double> cores;
  for (std::size_t i = 0; i < from.machine.busy_s.size() && i < to.machine.busy_s.size(); ++i)
    cores.push_back(percent * (to.machine.busy_s[i] - from.machine.busy_s[i]));
  const auto own_user_s =
      to.server.user_s - from.server.user_s + to.client.user_s - from.client.user_s;
  const auto others_s = to.machine.user_s - from.machine.user_s - own_user_s;
  const auto own_pct = percent * (to.client.all_s - from.client.all_s);
  line.number("servers", static_cast<double>(options_.pids.size()))
      .number("srv_pct", percent * (to.server.all_s - from.server.all_s))
      .number("cli_pct", own_pct)
      .number("cli_is_limit", own_pct >= full_pct ? 1 : 0)
      .number("others_pct", percent * std::max(0.0, others_s))
      .numbers("cores", cores)
      .number("retries", static_cast<double>(retry_count_))
      .number("disc", static_cast<double>(dropped_count_))
      .text("fail", first_failure_);
}

generator::snapshot generator::look() const {
  snapshot s;
  for (const int pid : options_.pids) {
    const auto cpu = cpu_of(pid);
    s.server.user_s += cpu.user_s;
    s.server.all_s += cpu.all_s;
    s.server_rss_kib += rss_kib(pid);
    s.server_disk_bytes += disk_bytes_of(pid);
  }
  s.client = cpu_of_self();
  s.machine = time_of_machine();
  s.slab_kib = meminfo_kib("Slab");
  s.at_ns = now_ns();
  return s;
}

}  // namespace greenroom::load
