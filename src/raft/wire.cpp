// SPDX-License-Identifier: MIT
#include "raft/wire.hpp"

#include <type_traits>

#include "raft/bytes.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint8_t format_version = 1;

// On the wire: never renumbered.
enum class kind : std::uint8_t {
  request_vote = 1,
  vote_result,
  append_entries,
  append_result,
  install_snapshot,
  timeout_now,
  rest,
};

constexpr std::uint8_t disrupt_flag = 1;
constexpr std::uint8_t pre_vote_flag = 2;
constexpr std::uint8_t granted_flag = 4;

constexpr std::size_t entry_overhead = 8 + 1 + 4;

tl::unexpected<error> damaged(const char* what) {
  return fail(ec::internal, std::string("raft message: ") + what);
}

void put_head(std::string& out, kind k, std::uint64_t term) {
  put(out, format_version);
  put(out, static_cast<std::uint8_t>(k));
  put(out, term);
}

void put_body(std::string& out, const request_vote& m) {
  put_head(out, kind::request_vote, m.term);
  put(out, m.candidate);
  put(out, m.last_index);
  put(out, m.last_term);
  put(out, static_cast<std::uint8_t>((m.disrupt_leader ? disrupt_flag : 0) |
                                     (m.pre_vote ? pre_vote_flag : 0)));
}

void put_body(std::string& out, const vote_result& m) {
  put_head(out, kind::vote_result, m.term);
  put(out,
      static_cast<std::uint8_t>((m.granted ? granted_flag : 0) | (m.pre_vote ? pre_vote_flag : 0)));
}

void put_body(std::string& out, const append_entries& m) {
  std::size_t size = 64;
  for (const auto& e : m.entries)
    size += entry_overhead + (e.data ? e.data->size() : 0);
  out.reserve(size);
  put_head(out, kind::append_entries, m.term);
  put(out, m.prev_index);
  put(out, m.prev_term);
  put(out, m.commit);
  put(out, static_cast<std::uint32_t>(m.entries.size()));
  for (const auto& e : m.entries) {
    put(out, e.term);
    put(out, e.type);
    put(out, static_cast<std::uint32_t>(e.data ? e.data->size() : 0));
    if (e.data) out += *e.data;
  }
}

void put_body(std::string& out, const append_result& m) {
  put_head(out, kind::append_result, m.term);
  put(out, m.rejected);
  put(out, m.last_index);
}

void put_body(std::string& out, const install_snapshot& m) {
  put_head(out, kind::install_snapshot, m.term);
  put(out, m.last_index);
  put(out, m.last_term);
  put(out, m.configuration_index);
}

void put_body(std::string& out, const timeout_now& m) {
  put_head(out, kind::timeout_now, m.term);
  put(out, m.last_index);
  put(out, m.last_term);
}

expected<message> get_append(byte_reader& in, std::uint64_t term) {
  append_entries m;
  m.term = term;
  m.prev_index = in.get<std::uint64_t>();
  m.prev_term = in.get<std::uint64_t>();
  m.commit = in.get<std::uint64_t>();
  const auto count = in.get<std::uint32_t>();
  if (!in.ok()) return damaged("too short");
  if ((m.prev_index == 0) != (m.prev_term == 0)) return damaged("previous entry without a term");
  if (m.prev_term > term) return damaged("previous entry of a later term");
  if (m.prev_index > UINT64_MAX - wire_limits::entries_max) return damaged("index out of range");
  if (count > wire_limits::entries_max) return damaged("too many entries");
  if (count > in.left() / entry_overhead) return damaged("fewer entries than announced");
  m.entries.reserve(count);
  auto last_term = m.prev_term;
  for (std::uint32_t i = 0; i < count; ++i) {
    store::log_entry e;
    e.index = m.prev_index + 1 + i;
    e.term = in.get<std::uint64_t>();
    e.type = in.get<std::uint8_t>();
    const auto size = in.get<std::uint32_t>();
    if (size > wire_limits::entry_bytes_max) return damaged("an entry is too large");
    const auto data = in.take(size);
    if (!in.ok()) return damaged("too short");
    if (e.term == 0 || e.term < last_term || e.term > term) return damaged("terms out of order");
    last_term = e.term;
    switch (static_cast<entry_kind>(e.type)) {
      case entry_kind::command:
      case entry_kind::barrier:
        break;
      case entry_kind::configuration:
        if (i != 0) return damaged("a configuration that is not the first entry");
        if (auto group = decode_configuration(data); !group) {
          return tl::unexpected(group.error());
        }
        break;
      default:
        return damaged("unknown kind of entry");
    }
    e.data = std::make_shared<const std::string>(data);
    m.entries.push_back(std::move(e));
  }
  if (!in.finished()) return damaged("too long");
  return m;
}

}  // namespace

std::string encode(const message& m) {
  std::string out;
  std::visit([&out](const auto& body) { put_body(out, body); }, m);
  return out;
}

std::string encode(const rest_word& w) {
  std::string out;
  put_head(out, kind::rest, w.term);
  put(out, w.last_index);
  return out;
}

std::optional<rest_word> decode_rest(std::string_view bytes) {
  byte_reader in(bytes);
  const auto version = in.get<std::uint8_t>();
  const auto what = static_cast<kind>(in.get<std::uint8_t>());
  if (version != format_version || what != kind::rest) return std::nullopt;
  rest_word w;
  w.term = in.get<std::uint64_t>();
  w.last_index = in.get<std::uint64_t>();
  return in.finished() ? std::optional(w) : std::nullopt;
}

expected<message> decode_message(std::string_view bytes) {
  if (bytes.size() > wire_limits::message_bytes_max + wire_limits::entry_bytes_max) {
    return damaged("too large");
  }
  byte_reader in(bytes);
  if (in.get<std::uint8_t>() != format_version) return damaged("unknown version");
  const auto what = static_cast<kind>(in.get<std::uint8_t>());
  const auto term = in.get<std::uint64_t>();
  if (!in.ok()) return damaged("too short");
  message m;
  switch (what) {
    case kind::request_vote: {
      request_vote v{.term = term};
      v.candidate = in.get<std::uint64_t>();
      v.last_index = in.get<std::uint64_t>();
      v.last_term = in.get<std::uint64_t>();
      const auto flags = in.get<std::uint8_t>();
      v.disrupt_leader = (flags & disrupt_flag) != 0;
      v.pre_vote = (flags & pre_vote_flag) != 0;
      m = v;
      break;
    }
    case kind::vote_result: {
      const auto flags = in.get<std::uint8_t>();
      m = vote_result{term, (flags & granted_flag) != 0, (flags & pre_vote_flag) != 0};
      break;
    }
    case kind::append_entries:
      return get_append(in, term);
    case kind::append_result: {
      append_result r{.term = term};
      r.rejected = in.get<std::uint64_t>();
      r.last_index = in.get<std::uint64_t>();
      m = r;
      break;
    }
    case kind::install_snapshot: {
      install_snapshot s{.term = term};
      s.last_index = in.get<std::uint64_t>();
      s.last_term = in.get<std::uint64_t>();
      s.configuration_index = in.get<std::uint64_t>();
      m = s;
      break;
    }
    case kind::timeout_now: {
      timeout_now t{.term = term};
      t.last_index = in.get<std::uint64_t>();
      t.last_term = in.get<std::uint64_t>();
      m = t;
      break;
    }
    default:
      return damaged("unknown kind");
  }
  if (!in.finished()) return damaged("wrong length");
  return m;
}

}  // namespace greenroom::raft
