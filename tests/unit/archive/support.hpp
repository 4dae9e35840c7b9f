// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A small store that is right: a cluster of one with one shard, and a room with three messages.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "archive/places.hpp"
#include "archive/verify.hpp"
#include "chat/apply.hpp"
#include "placement/codec.hpp"
#include "raft/configuration.hpp"
#include "raft/map_record.hpp"
#include "store/at_rest.hpp"
#include "store/commands.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"
#include "support/temporary_folder.hpp"

namespace greenroom::archive::test {

using greenroom::test::temporary_folder;
using store::encode;
using store::family;

inline constexpr std::uint16_t shard = 1;
inline constexpr std::uint64_t entries = 4;
inline constexpr store::scope here{shard, 1};

inline uuid id_of(std::uint8_t n) {
  uuid id;
  id.bytes.fill(n);
  return id;
}

inline const uuid node = id_of(0x11);
inline const uuid room_id = id_of(0x22);
inline const uuid alice = id_of(0x33);

/// What goes into the store, to be changed before it is written.
struct contents {
  std::vector<store::raw_record> records;
  chat::room room;
  std::vector<chat::room_entry> log;
  std::vector<chat::message> messages;

  void put(family f, const store::key& k, std::string value) {
    records.push_back({f, std::string(k.view()), std::move(value)});
  }
};

inline std::string log_value(raft::entry_kind kind, std::uint64_t term, const std::string& data) {
  const store::log_entry e{
      .index = 0, .term = term, .type = static_cast<std::uint8_t>(kind), .data = {}};
  const auto head = store::encode_log_head(e);
  return std::string(head.data(), head.size()) + data;
}

inline std::string sole_voter(const uuid& who) {
  return raft::encode(raft::configuration{{{.id = raft::server_of(who), .voter = true}}});
}

inline chat::message message_at(std::uint64_t seq) {
  chat::message m;
  m.id = id_of(static_cast<std::uint8_t>(0x40 + seq));
  m.message_id = id_of(static_cast<std::uint8_t>(0x60 + seq));
  m.room_id = room_id;
  m.seq = seq;
  m.sender_id = alice;
  m.content = "text " + std::to_string(seq);
  m.created_at = 1'700'000'000'000;
  return m;
}

inline void chain(contents& c, chat::room_entry e) {
  e.time = 1'700'000'000'000;
  e.by = alice;
  e.digest = chat::digest_of(e);
  c.room.chain = protocol::chained(c.room.chain, e.digest);
  c.room.last_seq = e.seq;
  c.log.push_back(e);
}

inline placement::cluster_map cluster_of_one() {
  placement::cluster_map map;
  const placement::form_cluster form{
      .cluster_id = id_of(0x99),
      .shard_count = 1,
      .expected_nodes = 1,
      .replicas = 3,
      .first_node = {node, "node1", "", "0", placement::node_state::active, 1},
      .first_key = {"k", std::string(placement::key_secret_bytes, 's'), 1, false},
      .fingerprint_key = std::string(placement::fingerprint_key_bytes, 'f')};
  if (const auto done = placement::apply(placement::command(form), map); !done)
    throw std::runtime_error(done.error().message);
  return map;
}

inline contents sound_contents() {
  contents c;
  c.room.id = room_id;
  c.room.name = "Tea";
  c.room.type = chat::room_type::group;
  c.room.member_count = 1;
  c.room.chain_from = 1;
  chat::room_entry created;
  created.seq = 1;
  created.kind = chat::room_entry::what::membership;
  created.user_id = alice;
  chain(c, created);
  for (std::uint64_t seq = 2; seq <= entries; ++seq) {
    c.messages.push_back(message_at(seq));
    chat::room_entry e;
    e.seq = e.message_seq = seq;
    e.content = protocol::content_digest(chat::view(c.messages.back()));
    chain(c, e);
    ++c.room.message_count;
  }
  return c;
}

/// The state's records, and logs and facts that go with them.
inline std::vector<store::raw_record> records_of(contents c) {
  c.put(family::room, store::id_key(here, room_id), encode(c.room));
  c.put(family::member, store::pair_key(here, room_id, alice),
        encode(chat::member{.user_id = alice}));
  for (const auto& e : c.log)
    c.put(family::room_log, store::seq_key(here, room_id, e.seq), encode(e));
  for (const auto& m : c.messages) {
    c.put(family::message, store::seq_key(here, room_id, m.seq), encode(m));
    c.put(family::message_id, store::pair_key(here, room_id, m.id), store::encode_seq(m.seq));
  }
  chat::user user;
  user.id = alice;
  user.username = "alice";
  user.password_hash = "$argon2id$never-shown";
  c.put(family::user, store::id_key(here, alice), encode(user));

  const auto map = cluster_of_one();
  for (const std::uint16_t s : {std::uint16_t{0}, shard}) {
    c.put(family::raft_log, store::log_key(s, 1),
          log_value(raft::entry_kind::configuration, 1, sole_voter(node)));
    c.put(family::raft_log, store::log_key(s, 2), log_value(raft::entry_kind::barrier, 2, ""));
    c.put(family::raft_meta, store::hard_state_key(s),
          encode(store::hard_state{2, raft::server_of(node)}));
  }
  c.put(family::raft_meta, store::progress_key(here), encode(store::progress{2, 1, 0}));
  c.put(family::raft_meta, store::map_key(0), raft::encode_map_record(2, map));
  c.records.push_back({family::meta, "node_id", node.str()});
  c.records.push_back({family::meta, "keeps_map", "yes"});
  c.records.push_back({family::meta, "cluster_map", placement::encode(map)});
  return std::move(c.records);
}

inline void write(const std::filesystem::path& data,
                  const std::vector<store::raw_record>& records) {
  std::filesystem::create_directories(data);
  const auto db = store::database::open(data / store_folder, {});
  if (!db) throw std::runtime_error(db.error().message);
  if (const auto done = store::overwrite(**db, records); !done)
    throw std::runtime_error(done.error().message);
}

inline void write(const std::filesystem::path& data, const contents& c = sound_contents()) {
  write(data, records_of(c));
}

/// All findings, a line each.
inline std::string findings_of(const std::filesystem::path& data) {
  const auto report = verify(data);
  if (!report) return "error: " + report.error().message;
  std::string text;
  for (const auto& f : report->findings)
    text += f.where + ": " + f.what + "\n";
  return text;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Another byte in the middle of the file.
inline void damage(const std::filesystem::path& file) {
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file) / 2);
  f.seekg(middle);
  const auto was = static_cast<char>(f.get());
  f.seekp(middle);
  f.put(static_cast<char>(~was));
  if (!f) throw std::runtime_error("cannot damage " + file.string());
}

}  // namespace greenroom::archive::test
