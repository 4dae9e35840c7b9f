// SPDX-License-Identifier: MIT
#include "protocol/outputs.hpp"

namespace greenroom::protocol {

namespace {

bool needs_escape(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr char hex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex[(c >> 4) & 0x0f];
      out += hex[c & 0x0f];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, done, i - done);
    append_escaped(out, text[i]);
    done = i + 1;
  }
  out.append(text, done);
  out += '"';
}

void msgpack_output::tree(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::object:
      begin_map(value.size());
      for (const auto& [name, field] : value.items()) {
        text(name);
        tree(field);
      }
      break;
    case nlohmann::json::value_t::array:
      begin_list(value.size());
      for (const auto& item : value)
        tree(item);
      break;
    case nlohmann::json::value_t::string:
      text(value.get_ref<const std::string&>());
      break;
    case nlohmann::json::value_t::boolean:
      flag(value.get<bool>());
      break;
    case nlohmann::json::value_t::number_unsigned:
      number(value.get<std::uint64_t>());
      break;
    case nlohmann::json::value_t::number_integer:
      number(value.get<std::int64_t>());
      break;
    case nlohmann::json::value_t::number_float:
      packer_.pack_double(value.get<double>());
      break;
    default:
      null();
  }
}

}  // namespace greenroom::protocol
