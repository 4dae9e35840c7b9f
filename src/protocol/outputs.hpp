// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Where a document is written to: JSON text, MessagePack or a tree in memory. All have the same
/// functions; the caller keeps them balanced and tells the size of a map before its fields.

#include <charconv>
#include <cstdint>
#include <msgpack.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::protocol {

/// Appends `text` to `out` as a JSON string. Everything but quotes, backslashes and control
/// characters stays byte for byte.
void append_json_string(std::string& out, std::string_view text);

/// JSON without white space.
class json_output {
 public:
  explicit json_output(std::string& out) : out_(out) {}

  void begin_map(std::size_t) { out_ += '{'; }
  void end_map() { out_ += '}'; }
  void begin_list(std::size_t) { out_ += '['; }
  void end_list() { out_ += ']'; }
  /// Before the value of a field; the name needs no escaping.
  void key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  /// Before each element of a list.
  void item() { separate(); }
  void text(std::string_view value) { append_json_string(out_, value); }
  /// A text that needs no escaping: ids, times, names of enumerators.
  void plain(std::string_view value) {
    out_ += '"';
    out_ += value;
    out_ += '"';
  }
  void number(std::uint64_t value) { digits(value); }
  void number(std::int64_t value) { digits(value); }
  void flag(bool value) { out_ += value ? "true" : "false"; }
  void null() { out_ += "null"; }
  void tree(const nlohmann::json& value) {
    out_ += value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

 private:
  /// A comma, unless this is the first in its map or list. A complete value never ends in an
  /// opening bracket.
  void separate() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void digits(auto value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out_.append(buffer, static_cast<std::size_t>(end - buffer));
  }

  std::string& out_;
};

class msgpack_output {
 public:
  explicit msgpack_output(std::string& out) : sink_{out}, packer_(sink_) {}
  msgpack_output(const msgpack_output&) = delete;
  msgpack_output& operator=(const msgpack_output&) = delete;

  void begin_map(std::size_t fields) { packer_.pack_map(static_cast<std::uint32_t>(fields)); }
  void end_map() {}
  void begin_list(std::size_t items) { packer_.pack_array(static_cast<std::uint32_t>(items)); }
  void end_list() {}
  void key(std::string_view name) { text(name); }
  void item() {}
  void text(std::string_view value) {
    packer_.pack_str(static_cast<std::uint32_t>(value.size()));
    packer_.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
  }
  void plain(std::string_view value) { text(value); }
  /// In the shortest form.
  void number(std::uint64_t value) { packer_.pack(value); }
  void number(std::int64_t value) { packer_.pack(value); }
  void flag(bool value) { value ? packer_.pack_true() : packer_.pack_false(); }
  void null() { packer_.pack_nil(); }
  void tree(const nlohmann::json& value);

 private:
  struct string_sink {
    std::string& out;
    void write(const char* data, std::size_t size) { out.append(data, size); }
  };
  string_sink sink_;
  msgpack::packer<string_sink> packer_;
};

/// Builds a JSON tree. Begin with a map.
template <class Json>
class basic_tree_output {
 public:
  explicit basic_tree_output(Json& root) : slot_(&root) {}

  void begin_map(std::size_t) { open(Json::object()); }
  void end_map() { open_.pop_back(); }
  void begin_list(std::size_t) { open(Json::array()); }
  void end_list() { open_.pop_back(); }
  void key(std::string_view name) { slot_ = &(*open_.back())[std::string(name)]; }
  void item() {
    open_.back()->push_back(nullptr);
    slot_ = &open_.back()->back();
  }
  void text(std::string_view value) { *slot_ = value; }
  void plain(std::string_view value) { *slot_ = value; }
  void number(std::uint64_t value) { *slot_ = value; }
  void number(std::int64_t value) { *slot_ = value; }
  void flag(bool value) { *slot_ = value; }
  void null() { *slot_ = nullptr; }
  void tree(const nlohmann::json& value) { *slot_ = value; }

 private:
  void open(Json container) {
    *slot_ = std::move(container);
    open_.push_back(slot_);
  }

  Json* slot_;
  std::vector<Json*> open_;
};
using tree_output = basic_tree_output<nlohmann::json>;

/// Counts the fields of one map and writes nothing.
class counting_output {
 public:
  void key(std::string_view) { ++fields; }
  std::size_t fields = 0;
};

}  // namespace greenroom::protocol
