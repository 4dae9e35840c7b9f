// SPDX-License-Identifier: MIT
#include "cli/room_cut.hpp"

#include <istream>

#include "protocol/room_file.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;
using namespace protocol::room_file;

std::string text_of(const json& line) {
  return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The message of an entry; null: it has none.
const json& message_of(const json& line) {
  static const json none;
  const auto& v = member_of(line, "message");
  return v.is_object() ? v : none;
}

/// Of a record, so that nothing is sent that was said later.
json without_words(json record) {
  record["content"] = nullptr;
  record["metadata"] = nullptr;
  record["mentions"] = json::array();
  return record;
}

}  // namespace

tl::expected<room_cut, std::string> room_cut::make(std::istream& file, std::uint64_t to) {
  room_cut made(to);
  made.gathered_ = people_gathered(to);
  try {
    made.look(file);
    if (to <= made.purged_seq_ || to > made.last_seq_) {
      return tl::unexpected(
          made.last_seq_ <= made.purged_seq_
              ? std::string("the file has no entries: --to names one")
              : "--to is an entry of the file: " + std::to_string(made.purged_seq_ + 1) + " to " +
                    std::to_string(made.last_seq_) +
                    (made.purged_seq_ > 0 ? " (those before were taken by the room's retention)"
                                          : ""));
    }
    if (!made.changed_.empty()) {
      file.clear();
      file.seekg(0);
      made.find_words(file);
    }
    made.people_ = made.gathered_.then();
  } catch (const bad_line& bad) {
    return tl::unexpected(bad.what);
  }
  for (const auto& [seq, m] : made.changed_)
    if (!made.words_.contains(seq)) made.lost_.push_back(m);
  auto& rest = made.rest_;
  rest.push_back(
      text_of({{"line", "chain"}, {"last_seq", to}, {"chain", protocol::to_hex(made.head_)}}));
  for (const auto& m : made.lost_)
    rest.push_back(text_of({{"line", "lost"}, {"message_seq", m.seq}}));
  for (const auto& line : made.people_.lines)
    rest.push_back(text_of(line));
  rest.push_back(text_of({{"line", "end"}}));
  return made;
}

void room_cut::look(std::istream& file) {
  bool has_room = false;
  for (std::string text; std::getline(file, text);) {
    const auto line = json::parse(text, nullptr, false);
    if (!line.is_object()) throw bad_line{"this is no room's file"};
    const auto what = text_in(line, "line");
    if (what == "room") {
      has_room = true;
      take_room(line);
    } else if (what == "entry") {
      take_entry(line);
    } else if (what == "member") {
      gathered_.take_member(line);
    }
  }
  if (!has_room) throw bad_line{"this is no room's file"};
}

void room_cut::take_room(const json& line) {
  purged_seq_ = last_seq_ = number_in(line, "purged_seq");
  head_ = digest_in(line, "anchor");
  const auto chain_from = number_in(line, "chain_from");
  if (chain_from == 0 || chain_from > purged_seq_ + 1)
    throw bad_line{"its entries do not all have digests, so nothing proves them"};
  gathered_.take_room(line);
}

void room_cut::take_entry(const json& line) {
  gathered_.take_entry(line);
  const auto seq = last_seq_ = number_in(line, "seq");
  if (seq <= to_) head_ = protocol::chained(head_, digest_in(line, "digest"));
  if (text_in(line, "kind") == "membership") return;
  const auto of = number_in(line, "message_seq");
  const auto content = digest_in(line, "content");
  // An entry that says nothing new has none; and of what retention has taken nothing is there.
  if (content == protocol::digest{} || of <= purged_seq_) return;
  if (seq <= to_) {
    said_[of] = {seq, content};
  } else if (of <= to_) {
    changed_.try_emplace(of, lost_message{of, seq, text_in(line, "change") == "deleted"});
  }
}

void room_cut::find_words(std::istream& file) {
  for (std::string text; std::getline(file, text);) {
    const auto line = json::parse(text, nullptr, false);
    const auto& record = message_of(line);
    if (record.is_null()) continue;
    const auto of = number_in(line, "message_seq");
    const auto then = said_.find(of);
    if (!changed_.contains(of) || words_.contains(of) || then == said_.end()) continue;
    if (protocol::content_digest(message_in(record)) == then->second.content)
      words_.emplace(of, record);
  }
}

std::string room_cut::cut(const std::string& text) const {
  auto line = json::parse(text, nullptr, false);
  const auto& record = message_of(line);
  const auto& of = member_of(line, "message_seq");
  const auto& content_seq = member_of(line, "content_seq");
  if (record.is_null() || !of.is_number_unsigned() || !content_seq.is_number_unsigned() ||
      content_seq.get<std::uint64_t>() <= to_)
    return text;
  const auto seq = of.get<std::uint64_t>();
  if (const auto then = words_.find(seq); then != words_.end()) {
    line["message"] = then->second;
    line["content_seq"] = said_.at(seq).by;
  } else {
    line["message"] = without_words(record);
  }
  return text_of(line);
}

bool room_cut::next(std::istream& file, std::string& line) {
  while (!entries_over_ && std::getline(file, line)) {
    const auto parsed = json::parse(line, nullptr, false);
    const auto& what = member_of(parsed, "line");
    if (what == "room") return true;
    const auto& seq = member_of(parsed, "seq");
    entries_over_ = what != "entry" || !seq.is_number_unsigned() || seq.get<std::uint64_t>() > to_;
    if (entries_over_) break;
    line = cut(line);
    return true;
  }
  entries_over_ = true;
  if (rest_at_ == rest_.size()) return false;
  line = rest_[rest_at_++];
  return true;
}

}  // namespace greenroom::cli
