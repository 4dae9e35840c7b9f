// SPDX-License-Identifier: MIT
#include "cli/store.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <map>
#include <string_view>

#include "archive/backup.hpp"
#include "archive/dump.hpp"
#include "archive/verify.hpp"
#include "cli/room_node.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"
#include "store/describe.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

constexpr const char* examples =
    "Examples:\n"
    "  greenroom store verify greenroom-data\n"
    "  greenroom store dump greenroom-data --kind message --limit 10\n"
    "  greenroom store backup greenroom-data --to /backups/monday\n"
    "  greenroom store restore /backups/monday --to greenroom-data\n"
    "  greenroom store restore --new-identity --to greenroom-data node1/monday node2/monday\n"
    "\n"
    "The node has to be stopped. DIR is its data folder (node.data_dir) or a backup. Nothing in "
    "it\n"
    "is changed. Exit codes: 0 done, 1 failure or something is wrong, 2 usage, 3 nothing is "
    "there,\n"
    "4 refused: a node runs on the folder, or the place is taken.\n";

exit_code failed_by(const error& e) {
  switch (e.code) {
    case ec::file_not_found:
      return failed(e.message, exit_code::not_found);
    case ec::conflict:
    case ec::forbidden:
      return failed(e.message, exit_code::refused);
    default:
      return failed(e.message, exit_code::failure);
  }
}

exit_code ended() {
  std::cout.flush();
  return std::cout ? exit_code::ok : exit_code::failure;
}

exit_code verify_store(const store_options& o) {
  const auto report = archive::verify(o.folder);
  if (!report) return failed_by(report.error());
  for (const auto& f : report->findings)
    std::cout << printable(f.where) << ": " << printable(f.what) << '\n';
  if (report->finding_count > report->findings.size())
    std::cout << "… and " << report->finding_count - report->findings.size() << " more\n";
  std::uint64_t records = 0;
  for (const auto n : report->records)
    records += n;
  std::cout << records << " records in " << report->files << " files, " << report->shards
            << " shards with " << report->log_entries << " log entries, " << report->rooms
            << " rooms with " << report->room_entries << " entries (" << report->chained_entries
            << " proven by digests) and " << report->messages << " messages\n";
  if (report->left_over > 0)
    std::cout << report->left_over
              << " records are left over of a transfer that was not finished; the node will "
                 "delete them\n";
  if (report->sound()) {
    std::cout << "nothing is wrong\n";
    return ended();
  }
  std::cout << report->finding_count << " findings\n";
  std::cout.flush();
  return exit_code::failure;
}

std::optional<uuid> id_of(const std::string& text) {
  if (const auto id = uuid::parse(text)) return id;
  const auto alias = protocol::fold_name(text, 1, limits::alias_chars_max);
  return alias ? std::optional(room_id_of_alias(*alias)) : std::nullopt;
}

exit_code dump_store(const store_options& o) {
  archive::dump_options wanted{.shard = o.shard, .room = {}, .kind = {}, .limit = o.limit};
  if (!o.room.empty()) {
    wanted.room = id_of(o.room);
    if (!wanted.room) return failed("neither an id nor an alias: " + o.room, exit_code::usage);
  }
  if (!o.kind.empty()) {
    wanted.kind = store::family_named(o.kind);
    if (!wanted.kind)
      return failed("no such kind: " + o.kind + " (stats lists them)", exit_code::usage);
  }
  const auto done = archive::dump(o.folder, wanted, [](const json& line) {
    // What is not UTF-8 is shown as that: a damaged text shall not end the list.
    std::cout << line.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
    return static_cast<bool>(std::cout);
  });
  if (!done) return failed_by(done.error());
  if (done->damaged > 0) {
    std::cout.flush();
    return failed(std::to_string(done->damaged) + " records cannot be read", exit_code::failure);
  }
  return ended();
}

json shard_of(const archive::counted& c) {
  return c.shard ? json(*c.shard) : json();
}

exit_code count_store(const store_options& o) {
  const auto figures = archive::count(o.folder);
  if (!figures) return failed_by(figures.error());
  auto shards = json::array();
  std::map<store::family, archive::counted> sums;
  for (const auto& c : figures->counts) {
    shards.push_back({{"shard", shard_of(c)},
                      {"kind", std::string(store::to_string(c.kind))},
                      {"records", c.records},
                      {"bytes", c.bytes}});
    sums[c.kind].records += c.records;
    sums[c.kind].bytes += c.bytes;
  }
  auto kinds = json::array();
  for (const auto& t : figures->tables)
    kinds.push_back({{"kind", std::string(store::to_string(t.kind))},
                     {"records", sums[t.kind].records},
                     {"bytes", sums[t.kind].bytes},
                     {"files", t.files},
                     {"disk_bytes", t.bytes}});
  if (o.as_json) {
    std::cout << json{{"kinds", std::move(kinds)},
                      {"shards", std::move(shards)},
                      {"journal_bytes", figures->journal_bytes}}
                     .dump(2)
              << '\n';
    return ended();
  }
  std::cout << format_table({"kind", "records", "bytes", "files", "disk_bytes"}, kinds, true)
            << "\njournal " << figures->journal_bytes << " bytes\n\n"
            << format_table({"shard", "kind", "records", "bytes"}, shards, true);
  return ended();
}

std::uint64_t bytes_of(const archive::manifest& m) {
  std::uint64_t bytes = 0;
  for (const auto& f : m.files)
    bytes += f.bytes;
  return bytes;
}

exit_code back_up_store(const store_options& o) {
  archive::manifest stem;
  stem.made_at = now_ms();
  stem.made_by = GREENROOM_VERSION;
  const auto m = archive::back_up(o.folder, o.to, std::move(stem));
  if (!m) return failed_by(m.error());
  std::cout << printable(o.to) << ": " << m->files.size() << " files with " << bytes_of(*m)
            << " bytes, node " << m->node_id << ", " << m->shards.size() << " shards\n";
  return ended();
}

std::string numbers_of(const std::vector<std::uint16_t>& shards) {
  std::string out;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    // 3, 5-9, 12
    auto last = i;
    while (last + 1 < shards.size() && shards[last + 1] == shards[last] + 1)
      ++last;
    out += (out.empty() ? "" : ", ") + std::to_string(shards[i]);
    if (last > i) out += "-" + std::to_string(shards[last]);
    i = last;
  }
  return out;
}

void say_what_comes_next(const archive::restored& r, const store_options& o) {
  const auto folder = printable(o.to);
  std::cout << folder << ": restored as of " << format_time(r.from.made_at) << ", node "
            << r.node_id << '\n';
  if (o.new_identity) {
    std::cout << "It is a new node, and a new cluster of one: " << r.cluster_id
              << ".\nNext: start it with greenroomd --data " << folder
              << " and a configuration without cluster.initial_nodes.\nOther nodes join it with "
                 "empty data folders and its address in cluster.seeds.\nThe old cluster's nodes "
                 "must not run any more: clients would find two truths.\n";
  } else if (r.from.nodes > 1) {
    std::cout
        << "It is still a node of its cluster of " << r.from.nodes
        << ". If others of them run and it has been on since, they refuse\nit, because it has "
           "forgotten what it told them: then let a node with an empty folder join.\nIf the "
           "cluster is lost, restore one backup with --new-identity.\n";
  } else {
    std::cout << "Next: start it with greenroomd --data " << folder << "\n";
  }
}

exit_code restore_store(const store_options& o) {
  const auto r = archive::restore({o.backups.begin(), o.backups.end()}, o.to,
                                  {.new_identity = o.new_identity});
  if (!r) return failed_by(r.error());
  say_what_comes_next(*r, o);
  if (!r->thin.empty()) {
    std::cout.flush();
    std::cerr << "greenroom: of " << (r->thin.size() == 1 ? "shard" : "shards") << ' '
              << numbers_of(r->thin)
              << " there is no majority of the replicas: what was acknowledged last in them, when "
                 "the backup was made, may be missing. With the backups of the other nodes, of the "
                 "same set, it would not be\n";
  }
  return ended();
}

}  // namespace

CLI::App* add_store(CLI::App& program, store_options& o) {
  auto* app = program.add_subcommand(
      "store", std::string("The data of a node that does not run\n\n") + examples);
  app->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, store_options::verb verb,
                       const char* folder) {
    auto* v = app->add_subcommand(name, what);
    v->add_option("DIR", o.folder, folder)->required();
    v->callback([&o, verb] { o.what = verb; });
    return v;
  };
  const auto* data = "A data folder, or a backup";
  add("verify", "Whether every file, record, log and room is whole; says what is not",
      store_options::verb::verify, data);
  auto* dumped = add("dump", "Its records as lines of JSON, secrets left out",
                     store_options::verb::dump, data);
  dumped->add_option("--shard", o.shard, "Only of this shard")->type_name("N");
  dumped->add_option("--room", o.room, "Only what belongs to this room, by id or alias")
      ->type_name("ROOM");
  dumped->add_option("--kind", o.kind, "Only of this kind (message, room_log, user, …)")
      ->type_name("KIND");
  dumped->add_option("--limit", o.limit, "At most so many; 0: all")->type_name("N");
  auto* counted = add("stats", "How many records of each kind there are, and how large",
                      store_options::verb::stats, data);
  counted
      ->add_option_function<std::string>(
          "-o,--output", [&o](const std::string& v) { o.as_json = v == "json"; },
          "table (default) or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}));
  add("backup", "Copy it, with a manifest", store_options::verb::backup, "A data folder")
      ->add_option("--to", o.to, "The folder that is made; if it is there, it has to be empty")
      ->type_name("FOLDER")
      ->required();
  auto* restored = app->add_subcommand(
      "restore", "Make a data folder of a backup, once all of it has been checked");
  restored->callback([&o] { o.what = store_options::verb::restore; });
  restored
      ->add_option("BACKUP", o.backups,
                   "A backup; of a lost cluster those of all nodes, made together")
      ->required();
  restored
      ->add_option("--to", o.to, "The data folder that is made; if it is there, it has to be empty")
      ->type_name("FOLDER")
      ->required();
  restored->add_flag("--new-identity", o.new_identity,
                     "It becomes a new node and a new cluster of one, which others can join");
  return app;
}

exit_code run_store(const store_options& o) {
  switch (o.what) {
    case store_options::verb::verify:
      return verify_store(o);
    case store_options::verb::dump:
      return dump_store(o);
    case store_options::verb::stats:
      return count_store(o);
    case store_options::verb::backup:
      return back_up_store(o);
    case store_options::verb::restore:
      break;
  }
  return restore_store(o);
}

}  // namespace greenroom::cli
