// SPDX-License-Identifier: MIT
#include "store/describe.hpp"

#include "store/describe_fields.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"

namespace greenroom::store {

namespace {

using nlohmann::json;

tl::unexpected<error> no_key(family f) {
  return fail(ec::internal, "damaged record " + std::string(to_string(f)) + ": its key is none");
}

/// Reads one record; `out` is null when nobody wants to see it.
class reading {
 public:
  reading(family f, std::string_view k, std::string_view v, json* out)
      : family_(f), key_(k), value_(v), out_(out) {}

  expected<void> run() {
    switch (family_) {
      case family::meta:
        return meta();
      case family::raft_log:
        return log();
      case family::raft_meta:
        return raft_meta();
      case family::room_log:
        return by_seq([](const auto& at, auto bytes) { return decode_entry(at.seq, bytes); });
      case family::message:
        return by_seq(
            [](const auto& at, auto bytes) { return decode_message(at.room_id, at.seq, bytes); });
      case family::message_id:
        return seq_of_message();
      case family::room:
        return by_id([](const auto& at, auto bytes) { return decode_room(at.id, bytes); });
      case family::user:
        return by_id([](const auto& at, auto bytes) { return decode_user(at.id, bytes); });
      case family::email:
        return by_id([](const auto& at, auto bytes) { return decode_email(at.id, bytes); });
      case family::member:
        return by_pair("room_id", "user_id",
                       [](const auto& at, auto bytes) { return decode_member(at.id, bytes); });
      case family::outsider:
        return by_pair("room_id", "user_id",
                       [](const auto& at, auto bytes) { return decode_outsider(at.id, bytes); });
      case family::user_room:
        return by_pair("user_id", "room_id", [](const auto& at, auto bytes) {
          return decode_user_room(at.owner, at.id, bytes);
        });
      case family::session:
        return by_pair("user_id", "session_id", [](const auto& at, auto bytes) {
          return decode_session(at.owner, at.id, bytes);
        });
      case family::dedup:
        return by_pair("by", "message_id", [](const auto& at, auto bytes) {
          return decode_dedup(at.owner, at.id, bytes);
        });
      case family::reaction:
        return by_pair("message", "mark",
                       [](const auto& at, auto bytes) { return decode_reaction(at.owner, bytes); });
      case family::device:
        return by_pair("room_id", "mark", [](const auto& at, auto bytes) {
          return decode_device(at.owner, at.id, bytes);
        });
      case family::webhook:
        return by_pair("room_id", "webhook_id", [](const auto& at, auto bytes) {
          return decode_webhook(at.owner, at.id, bytes);
        });
      case family::webhook_dead:
        return by_pair("webhook_id", "delivery_id", [](const auto& at, auto bytes) {
          return decode_dead(at.owner, at.id, bytes);
        });
      case family::outbox:
        return outbox();
      case family::directory:
        return directory();
    }
    return fail(ec::internal, "a family without a reader");
  }

 private:
  void put(const char* name, json v) {
    if (out_ != nullptr) (*out_)[name] = std::move(v);
  }
  void put(const scope& at) {
    put("shard", at.shard);
    put("generation", at.generation);
  }

  template <class Record>
  expected<void> take(const expected<Record>& record) {
    if (!record) return tl::unexpected(record.error());
    if (out_ != nullptr) put_fields(*out_, *record);
    return {};
  }

  template <class Decode>
  expected<void> by_id(Decode decode) {
    const auto at = parse_id_key(key_);
    if (!at) return no_key(family_);
    put(at->at);
    put("id", at->id.str());
    return take(decode(*at, value_));
  }

  template <class Decode>
  expected<void> by_pair(const char* owner, const char* id, Decode decode) {
    const auto at = parse_pair_key(key_);
    if (!at) return no_key(family_);
    put(at->at);
    put(owner, at->owner.str());
    put(id, at->id.str());
    return take(decode(*at, value_));
  }

  template <class Decode>
  expected<void> by_seq(Decode decode) {
    const auto at = parse_seq_key(key_);
    if (!at) return no_key(family_);
    put(at->at);
    put("room_id", at->room_id.str());
    put("seq", at->seq);
    return take(decode(*at, value_));
  }

  expected<void> seq_of_message() {
    const auto at = parse_pair_key(key_);
    if (!at) return no_key(family_);
    const auto seq = decode_seq(value_);
    if (!seq) return tl::unexpected(seq.error());
    put(at->at);
    put("room_id", at->owner.str());
    put("message_uuid", at->id.str());
    put("seq", *seq);
    return {};
  }

  expected<void> outbox() {
    const auto at = parse_outbox_key(key_);
    if (!at) return no_key(family_);
    put(at->at);
    put("id", at->id);
    return take(decode_outbox(at->id, value_));
  }

  expected<void> directory() {
    const auto at = parse_directory_key(key_);
    if (!at) return no_key(family_);
    if (!value_.empty()) return fail(ec::internal, "damaged record directory: it has a value");
    put(at->at);
    put("listed", at->kind == listed::room ? "room" : "user");
    put("created_at", format_time(at->created_at));
    put("id", at->id.str());
    return {};
  }

  expected<void> meta() {
    put("name", std::string(key_));
    if (key_ == "cluster_map")
      put("bytes", value_.size());
    else
      put("value", std::string(value_));
    return {};
  }

  expected<void> log() {
    const auto at = parse_log_key(key_);
    if (!at) return no_key(family_);
    const auto entry = decode_log_entry(at->index, value_);
    if (!entry) return tl::unexpected(entry.error());
    put("shard", at->shard);
    put("index", at->index);
    put("term", entry->term);
    put("entry_kind", entry->type);
    put("bytes", entry->data->size());
    return {};
  }

  expected<void> raft_meta() {
    const auto at = parse_raft_meta_key(key_);
    if (!at) return no_key(family_);
    put("shard", at->shard);
    switch (at->fact) {
      case raft_fact::hard_state:
        put("fact", "hard_state");
        return take(decode_hard_state(value_));
      case raft_fact::generation: {
        const auto g = decode_generation(value_);
        if (!g) return tl::unexpected(g.error());
        put("fact", "generation");
        put("generation", *g);
        return {};
      }
      case raft_fact::progress:
        put("fact", "progress");
        put("generation", at->generation);
        return take(decode_progress(value_));
      case raft_fact::map:
        put("fact", "map");
        put("bytes", value_.size());
        return {};
      case raft_fact::log_mark: {
        const auto mark = decode_log_mark(value_);
        if (!mark) return tl::unexpected(mark.error());
        put("fact", "log_mark");
        put("first", mark->first);
        put("index", mark->index);
        put("term", mark->term);
        put("configuration_index", mark->configuration_index);
        return {};
      }
      case raft_fact::retired:
        put("fact", "retired");
        return {};
    }
    return no_key(family_);
  }

  family family_;
  std::string_view key_;
  std::string_view value_;
  json* out_;
};

}  // namespace

expected<void> check_record(family f, std::string_view key, std::string_view value) {
  return reading(f, key, value, nullptr).run();
}

expected<json> describe_record(family f, std::string_view key, std::string_view value) {
  json out{{"kind", std::string(to_string(f))}};
  if (auto ok = reading(f, key, value, &out).run(); !ok) return tl::unexpected(ok.error());
  return out;
}

std::optional<family> family_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto f = static_cast<family>(i);
    if (to_string(f) == name) return f;
  }
  return std::nullopt;
}

std::optional<std::uint16_t> shard_of_key(family f, std::string_view key) noexcept {
  if (f == family::meta || key.size() < sizeof(std::uint16_t)) return std::nullopt;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(key[0]) << 8 |
                                    static_cast<unsigned char>(key[1]));
}

}  // namespace greenroom::store
