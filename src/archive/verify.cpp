// SPDX-License-Identifier: MIT
#include "archive/verify.hpp"

#include <charconv>

#include "archive/places.hpp"
#include "archive/verify_parts.hpp"
#include "placement/codec.hpp"
#include "protocol/uuid.hpp"
#include "store/describe.hpp"

namespace greenroom::archive {

namespace {

using store::family;

/// A key as it can be found with `dump`.
std::string name_of(family f, std::string_view key) {
  std::string text(store::to_string(f));
  if (f == family::meta) return text + " " + std::string(key);
  if (const auto at = store::parse_log_key(key); at && f == family::raft_log)
    return text + " shard " + std::to_string(at->shard) + " index " + std::to_string(at->index);
  const auto shard = store::shard_of_key(f, key);
  if (shard) text += " shard " + std::to_string(*shard);
  const bool by_seq = f == family::room_log || f == family::message;
  if (const auto at = store::parse_seq_key(key); at && by_seq)
    return text + " room " + at->room_id.str() + " seq " + std::to_string(at->seq);
  if (const auto at = store::parse_id_key(key)) return text + " " + at->id.str();
  if (const auto at = store::parse_pair_key(key))
    return text + " " + at->owner.str() + " " + at->id.str();
  if (const auto at = store::parse_outbox_key(key); at && f == family::outbox)
    return text + " " + std::to_string(at->id);
  constexpr const char* digits = "0123456789abcdef";
  text += " key ";
  for (const auto c : key) {
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

bool is_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), n);
  return r.ec == std::errc{} && r.ptr == text.data() + text.size();
}

void check_meta(const examination& e, std::string_view name, std::string_view value) {
  const auto wrong = [&](const char* what) { e.report.add("meta " + std::string(name), what); };
  if (name == "schema" && !is_number(value)) wrong("is no version");
  if ((name == "node_id" || name == "cluster_id") && !uuid::parse(value)) wrong("is no id");
  if (name.starts_with("kept.") && !is_number(value)) wrong("is no number");
  if (name == "cluster_map")
    if (const auto map = placement::decode_map(value); !map) wrong(map.error().message.c_str());
}

/// False: this program does not know how to read what is there.
bool check_schema(const examination& e) {
  const auto schema = e.from.find(family::meta, "schema");
  if (!schema) {
    e.report.add("meta schema", schema.error().message);
    return true;
  }
  if (!*schema) {
    e.report.add("meta schema", "is missing: it is no store of a node");
    return false;
  }
  std::uint32_t version = 0;
  std::from_chars((*schema)->data(), (*schema)->data() + (*schema)->size(), version);
  if (version <= store::schema_version) return true;
  e.report.add("meta schema", "is " + **schema + ", and this program knows up to " +
                                  std::to_string(store::schema_version));
  return false;
}

void check_files(const examination& e) {
  for (const auto& file : e.from.table_files()) {
    ++e.report.files;
    e.report.file_bytes += file.bytes;
    if (const auto good = e.from.check_file(file); !good)
      e.report.add(file.name, good.error().message);
  }
}

/// What belongs to a room has one.
bool is_of_room(family f) {
  switch (f) {
    case family::room_log:
    case family::message:
    case family::message_id:
    case family::member:
    case family::outsider:
    case family::device:
    case family::webhook:
      return true;
    default:
      return false;
  }
}

void check_listed(const examination& e, std::string_view key) {
  const auto at = store::parse_directory_key(key);
  if (!at) return;
  const auto& known = at->kind == store::listed::room ? e.rooms : e.users;
  if (!known.contains(std::string(store::id_key(at->at, at->id).view())))
    e.report.add(name_of(family::directory, key), "lists " + at->id.str() + ", which is not there");
}

void check_family(examination& e, family f) {
  std::string without_room;  // one finding for all that one room lacks
  const auto walked = e.from.walk(f, {}, [&](std::string_view key, std::string_view value) {
    ++e.report.records[static_cast<std::size_t>(f)];
    if (const auto good = store::check_record(f, key, value); !good) {
      e.report.add(name_of(f, key), good.error().message);
      return true;
    }
    if (f == family::meta) check_meta(e, key, value);
    if (f == family::meta || f == family::raft_log || f == family::raft_meta) return true;
    const auto at = store::parse_scope(key);
    if (!at) return true;
    if (e.is_left_over(*at)) {
      ++e.report.left_over;
      return true;
    }
    if (f == family::room) e.rooms.emplace(key);
    if (f == family::user) e.users.emplace(key);
    if (f == family::directory) check_listed(e, key);
    if (is_of_room(f)) {
      std::string room(key.substr(0, store::owner_prefix_bytes));
      if (!e.rooms.contains(room) && room != without_room) {
        e.report.add(name_of(f, key), "belongs to a room that is not there");
        without_room = std::move(room);
      }
    }
    return true;
  });
  e.took(walked, std::string(store::to_string(f)));
}

void check_states(const examination& e) {
  for (const auto& [shard, facts] : e.shards) {
    if (shard == 0 || facts.progress.contains(facts.generation)) continue;
    const store::scope at{shard, facts.generation};
    bool any = false;
    e.took(e.from.walk(family::room, store::scope_prefix(at).view(),
                       [&](auto, auto) {
                         any = true;
                         return false;
                       }),
           "room");
    if (any)
      e.report.add("shard " + std::to_string(shard), "has a state, and no record of how far it is");
  }
}

}  // namespace

void verify_report::add(std::string where, std::string what) {
  ++finding_count;
  if (findings.size() < findings_kept) findings.push_back({std::move(where), std::move(what)});
}

expected<verify_report> verify(const std::filesystem::path& folder) {
  verify_report report;
  const auto place = store_in(folder);
  auto opened = store::resting_store::open(place);
  if (!opened) {
    if (opened.error().code != ec::internal) return tl::unexpected(opened.error());
    report.add(place.string(), opened.error().message);
    return report;
  }
  examination e{**opened, report};
  check_files(e);
  if (!check_schema(e)) return report;
  read_facts(e);
  find_logs(e);
  // Rooms and users first: others refer to them.
  check_family(e, family::room);
  check_family(e, family::user);
  for (std::size_t i = 0; i < store::family_count; ++i) {
    const auto f = static_cast<family>(i);
    if (f != family::room && f != family::user) check_family(e, f);
  }
  check_logs(e);
  check_states(e);
  check_rooms(e);
  report.shards = e.shards.size();
  return report;
}

}  // namespace greenroom::archive
