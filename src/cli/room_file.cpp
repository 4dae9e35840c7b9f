// SPDX-License-Identifier: MIT
#include "cli/room_file.hpp"

#include <algorithm>
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocol/room_file.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;
using protocol::digest;

using namespace protocol::room_file;

constexpr std::uint8_t kind_message = 0;
constexpr std::uint8_t kind_change = 1;
constexpr std::uint8_t kind_membership = 2;

class verifier {
 public:
  room_file_report check(std::istream& file, const std::optional<digest>& head) {
    std::string text;
    while (std::getline(file, text)) {
      ++line_;
      const auto line = json::parse(text, nullptr, false);
      if (!line.is_object()) {
        complain("this is no line of a room's file");
        continue;
      }
      try {
        take(line);
      } catch (const bad_line& bad) {
        complain(bad.what);
      }
    }
    finish(head);
    return std::move(report_);
  }

 private:
  void complain(const std::string& what) { note("line " + std::to_string(line_) + ": " + what); }
  void note(std::string what) {
    if (++report_.problem_count <= problems_max) report_.problems.push_back(std::move(what));
  }

  void take(const json& line) {
    const auto what = text_in(line, "line");
    if (ended_) throw bad_line{"there is something behind the end"};
    if (line_ == 1 && what != "room") throw bad_line{"a room's file begins with the room"};
    if (what == "room") {
      take_room(line);
    } else if (what == "entry") {
      take_entry(line);
    } else if (what == "chain") {
      take_chain(line);
    } else if (what == "member") {
      ++report_.members;
    } else if (what == "end") {
      ended_ = true;
    } else {
      throw bad_line{"a line of this kind is unknown"};
    }
  }

  void take_room(const json& line) {
    if (line_ != 1) throw bad_line{"the room is there twice"};
    if (number_in(line, "format") != known_format) throw bad_line{"this format is unknown"};
    has_room_ = true;
    purged_seq_ = number_in(line, "purged_seq");
    chain_from_ = number_in(line, "chain_from");
    head_seq_ = number_in(line, "last_seq");
    head_chain_ = digest_in(line, "chain");
    report_.head = digest_in(line, "anchor");
    report_.room = text_in(member_of(line, "room"), "name");
    report_.first_seq = purged_seq_ + 1;
    report_.last_seq = purged_seq_;
    compare_head();
  }

  /// What the room said when the export began.
  void compare_head() {
    if (report_.last_seq == head_seq_ && report_.head != head_chain_)
      complain("the chain up to entry " + std::to_string(head_seq_) +
               " is not the one that the room had: something was changed, left out or put in");
  }

  void take_entry(const json& line) {
    const auto seq = number_in(line, "seq");
    const auto wanted = report_.last_seq + 1;
    if (closed_) complain("an entry behind the end of the entries");
    if (seq != wanted)
      complain("entry " + std::to_string(seq) + " stands where entry " + std::to_string(wanted) +
               " has to be");
    report_.last_seq = seq;
    ++report_.entries;
    const auto kind = text_in(line, "kind");
    const auto said = digest_in(line, "digest");
    protocol::chained_entry e;
    e.seq = seq;
    e.time = parse_time(text_in(line, "time")).value_or(-1);
    e.by = id_in(line, "by");
    const auto emoji = text_in(line, "emoji");
    e.emoji = emoji;
    if (kind == "membership") {
      e.kind = kind_membership;
      e.event = static_cast<std::uint8_t>(enum_in<protocol::room_event_kind>(line, "event"));
      e.user_id = id_in(line, "user_id");
    } else if (kind == "message" || kind == "change") {
      e.kind = kind == "message" ? kind_message : kind_change;
      e.message_seq = number_in(line, "message_seq");
      e.content = digest_in(line, "content");
      if (e.kind == kind_change)
        e.change = static_cast<std::uint8_t>(enum_in<protocol::message_change>(line, "change"));
    } else {
      throw bad_line{"kind is unknown"};
    }
    if (chain_from_ != 0 && seq >= chain_from_) {
      if (protocol::entry_digest(e) != said)
        complain("entry " + std::to_string(seq) + " is not what was written: its digest differs");
      report_.head = protocol::chained(report_.head, said);
    } else {
      ++report_.unchained;
    }
    take_message(line, e);
    compare_head();
  }

  void take_message(const json& line, const protocol::chained_entry& e) {
    if (e.kind == kind_membership) return;
    if (e.content != digest{}) {
      contents_[e.seq] = e.content;
      newest_[e.message_seq] = e.seq;
    }
    const auto& v = member_of(line, "message");
    if (v.is_null()) {
      // What retention has taken is not there for later changes either.
      if (e.message_seq > purged_seq_)
        complain("message " + std::to_string(e.message_seq) + " is missing");
      return;
    }
    if (!v.is_object()) throw bad_line{"message is no message"};
    const auto m = message_in(v);
    if (m.seq != e.message_seq) throw bad_line{"this is another message"};
    shown_.push_back(
        {line_, e.message_seq, number_in(line, "content_seq"), protocol::content_digest(m)});
  }

  void take_chain(const json& line) {
    closed_ = true;
    if (number_in(line, "last_seq") != report_.last_seq)
      complain("the last entries are missing: the room has " +
               std::to_string(number_in(line, "last_seq")));
    if (digest_in(line, "chain") != report_.head)
      complain(
          "the chain does not end as the room's does: something was changed, left out or put "
          "in");
  }

  void compare_messages() {
    std::map<std::uint64_t, std::uint64_t> compared;
    for (const auto& s : shown_) {
      line_ = s.line;
      if (chain_from_ == 0 || s.content_seq < chain_from_) continue;
      const auto written = contents_.find(s.content_seq);
      if (written == contents_.end()) {
        complain("no entry " + std::to_string(s.content_seq) + " says what message " +
                 std::to_string(s.message_seq) + " is");
      } else if (written->second != s.content) {
        complain("message " + std::to_string(s.message_seq) + " is not what entry " +
                 std::to_string(s.content_seq) + " has made it");
      }
      auto& newest = compared[s.message_seq];
      newest = std::max(newest, s.content_seq);
    }
    for (const auto& [message, entry] : newest_) {
      if (message <= purged_seq_) continue;
      const auto it = compared.find(message);
      if (it == compared.end() || it->second != entry)
        note("message " + std::to_string(message) + ": it is not shown as entry " +
             std::to_string(entry) + " has left it");
      else
        ++report_.messages;
    }
  }

  void finish(const std::optional<digest>& head) {
    compare_messages();
    if (!has_room_) note("the room is missing: this is no room's file");
    if (!closed_) note("the end of the entries is missing: the file is cut off");
    if (!ended_) note("the end is missing: the file is cut off");
    if (has_room_ && head_seq_ > report_.last_seq)
      note("entries up to " + std::to_string(head_seq_) + " were there when the export began");
    if (head && *head != report_.head)
      note("the chain ends in " + protocol::to_hex(report_.head) + ", not in what was given");
  }

  struct shown {
    std::uint64_t line = 0;
    std::uint64_t message_seq = 0;
    std::uint64_t content_seq = 0;
    digest content{};
  };

  room_file_report report_;
  std::uint64_t line_ = 0;
  bool has_room_ = false;
  bool closed_ = false;  ///< the entries are complete
  bool ended_ = false;
  std::uint64_t purged_seq_ = 0;
  std::uint64_t chain_from_ = 0;
  std::uint64_t head_seq_ = 0;
  digest head_chain_{};
  std::map<std::uint64_t, digest> contents_;       ///< by entry
  std::map<std::uint64_t, std::uint64_t> newest_;  ///< of a message: the last entry about its words
  std::vector<shown> shown_;
};

}  // namespace

room_file_report verify_room_file(std::istream& file, const std::optional<digest>& head) {
  return verifier().check(file, head);
}

std::optional<std::uint64_t> export_watch::take(std::string_view part) {
  for (std::size_t at = 0; at < part.size();) {
    const auto end = std::min(part.find('\n', at), part.size());
    const auto text = part.substr(at, end - at);
    at = end + 1;
    // Few lines say so, and only they are worth a second look.
    if (purged_seq_ && text.find(R"("message":null)") == std::string_view::npos) continue;
    const auto line = json::parse(text, nullptr, false);
    if (!line.is_object()) continue;  // the node's own word: verify is there for files
    if (!purged_seq_) {
      purged_seq_ = line.value("purged_seq", std::uint64_t{0});
    } else if (line.value("line", "") == "entry" && line.value("kind", "") != "membership" &&
               line.value("message", json::object()).is_null()) {
      const auto seq = line.value("message_seq", std::uint64_t{0});
      if (seq > *purged_seq_) return seq;
    }
  }
  return std::nullopt;
}

}  // namespace greenroom::cli
