// SPDX-License-Identifier: MIT
#include "sim/disk.hpp"

#include <algorithm>

#include "raft/bytes.hpp"
#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

using raft::byte_reader;
using raft::put;

constexpr std::size_t head_bytes = 4 + 8;
constexpr std::size_t append_bytes_max = 16 << 20;

std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : bytes)
    h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return h;
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string take_text(byte_reader& in) {
  return std::string(in.take(in.get<std::uint32_t>()));
}

store::log_append content_of(byte_reader& in) {
  store::log_append what;
  if (in.get<std::uint8_t>() != 0) {
    const auto term = in.get<std::uint64_t>();
    what.hard = store::hard_state{term, in.get<std::uint64_t>()};
  }
  what.truncate_from = in.get<std::uint64_t>();
  if (in.get<std::uint8_t>() != 0) {
    auto& m = what.mark.emplace();
    m.first = in.get<std::uint64_t>();
    m.index = in.get<std::uint64_t>();
    m.term = in.get<std::uint64_t>();
    m.configuration_index = in.get<std::uint64_t>();
    m.configuration = take_text(in);
  }
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    auto& r = what.records.emplace_back();
    r.key = take_text(in);
    r.value = take_text(in);
  }
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    auto& e = what.entries.emplace_back();
    e.index = in.get<std::uint64_t>();
    e.term = in.get<std::uint64_t>();
    e.type = in.get<std::uint8_t>();
    e.data = std::make_shared<const std::string>(take_text(in));
  }
  return what;
}

}  // namespace

std::string bytes_of(const store::log_append& what) {
  std::string content;
  put(content, static_cast<std::uint8_t>(what.hard ? 1 : 0));
  if (what.hard) {
    put(content, what.hard->term);
    put(content, what.hard->voted_for);
  }
  put(content, what.truncate_from);
  put(content, static_cast<std::uint8_t>(what.mark ? 1 : 0));
  if (const auto& m = what.mark) {
    for (const auto n : {m->first, m->index, m->term, m->configuration_index})
      put(content, n);
    put_text(content, m->configuration);
  }
  put(content, static_cast<std::uint32_t>(what.records.size()));
  for (const auto& r : what.records) {
    put_text(content, r.key);
    put_text(content, r.value);
  }
  put(content, static_cast<std::uint32_t>(what.entries.size()));
  for (const auto& e : what.entries) {
    put(content, e.index);
    put(content, e.term);
    put(content, e.type);
    put_text(content, e.data ? *e.data : std::string());
  }
  std::string out;
  put(out, static_cast<std::uint32_t>(content.size()));
  put(out, checksum(content));
  return out + content;
}

std::optional<store::log_append> take_append(std::string_view& bytes, bool unchecked) {
  byte_reader head(bytes);
  const auto size = head.get<std::uint32_t>();
  const auto sum = head.get<std::uint64_t>();
  if (!head.ok()) return std::nullopt;
  const auto rest = bytes.substr(head_bytes);
  std::string content(rest.substr(0, size));
  if (size > append_bytes_max) return std::nullopt;
  const bool whole = content.size() == size && checksum(content) == sum;
  if (!whole && !unchecked) return std::nullopt;
  content.resize(size);
  byte_reader in(content);
  auto what = content_of(in);
  if (!in.finished()) return std::nullopt;
  bytes = rest.substr(std::min<std::size_t>(size, rest.size()));
  return what;
}

void disk::append(store::log_append what) {
  if (how == sabotage::ack_before_sync && what.synced) std::exchange(what.synced, {})();
  pending_.push_back(std::move(what));
}

void disk::sync_one(bool tell) {
  auto what = std::move(pending_.front());
  pending_.pop_front();
  const auto synced = std::exchange(what.synced, {});
  keep(std::move(what));
  if (tell && synced) synced();
}

void disk::sync_all() {
  while (!pending_.empty())
    sync_one();
}

void disk::keep(store::log_append&& what) {
  if (what.hard) hard_ = what.hard;
  if (what.truncate_from != 0) {
    entries_.erase(entries_.lower_bound(what.truncate_from), entries_.end());
  }
  if (what.mark) {
    mark_ = what.mark;
    entries_.erase(entries_.begin(), entries_.lower_bound(mark_->first));
  }
  for (const auto& r : what.records)
    state_ = r.value;
  for (auto& e : what.entries) {
    const auto index = e.index;
    const auto where = [&] {
      return std::to_string(index) + " after " + std::to_string(last_index()) + ", truncated " +
             std::to_string(what.truncate_from);
    };
    ensure(entries_.empty() || index == entries_.rbegin()->first + 1, "the log has a gap", where);
    ensure(!entries_.empty() || !mark_ || index == mark_->index + 1, "the log has a gap", where);
    entries_.insert_or_assign(index, std::move(e));
  }
}

std::size_t disk::pending_bytes() const {
  std::size_t n = 0;
  for (const auto& what : pending_)
    n += bytes_of(what).size();
  return n;
}

void disk::lose_power(std::size_t written, bool garbled) {
  if (how == sabotage::forget_vote && hard_) hard_->voted_for = 0;
  std::string bytes;
  for (const auto& what : pending_) {
    if (bytes.size() >= written) break;
    bytes += bytes_of(what);
  }
  pending_.clear();
  bytes.resize(std::min(bytes.size(), written));
  if (garbled && !bytes.empty()) bytes.back() = static_cast<char>(~bytes.back());
  recover(std::move(bytes));
}

/// What a start finds after the end of what was synced.
void disk::recover(std::string bytes) {
  std::string_view rest = bytes;
  while (auto what = take_append(rest, how == sabotage::accept_torn))
    keep(std::move(*what));
  if (!rest.empty()) ++torn_;
}

std::vector<store::log_entry> disk_log::read(std::uint64_t from, std::size_t max_entries,
                                             std::size_t max_bytes) const {
  std::vector<store::log_entry> out;
  std::size_t bytes = 0;
  for (auto it = disk_.entries().lower_bound(from); it != disk_.entries().end(); ++it) {
    if (out.size() == max_entries || (!out.empty() && bytes >= max_bytes)) break;
    bytes += it->second.data->size();
    out.push_back(it->second);
  }
  return out;
}

}  // namespace greenroom::sim
