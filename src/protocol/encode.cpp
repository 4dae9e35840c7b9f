// SPDX-License-Identifier: MIT
#include <type_traits>

#include "protocol/codec.hpp"
#include "protocol/outputs.hpp"
#include "protocol/writer.hpp"

namespace greenroom::protocol {

namespace {

constexpr std::string_view version = "1";

/// Whether the answer shows `duplicate` at a place of its own.
template <class T>
constexpr bool shows_duplicate = std::is_same_v<T, message_ack>;

/// `data`: the type, then what the description says, then `duplicate` where it belongs at the end.
template <class Output, class T>
void write_data(Output& out, audience to, std::string_view type, const T& data, bool duplicate) {
  writer<Output> w(out, to, duplicate);
  const bool add_duplicate = duplicate && !shows_duplicate<T>;
  out.key("data");
  out.begin_map(w.fields_of(data) + 1 + (add_duplicate ? 1 : 0));
  out.key("type");
  out.plain(type);
  describe(w, data);
  if (add_duplicate) w.repeated();
  out.end_map();
}

template <class Output>
void write_request(Output& out, const request_envelope& r) {
  out.begin_map(3);
  out.key("version");
  out.plain(version);
  out.key("message_id");
  out.plain(r.message_id.str());
  std::visit(
      [&](const auto& data) {
        if constexpr (std::is_same_v<std::decay_t<decltype(data)>, unsupported_request>) {
          out.key("data");
          out.begin_map(1);
          out.key("type");
          out.text(data.type);
          out.end_map();
        } else {
          write_data(out, audience::one, row_of(r.data).type, data, false);
        }
      },
      r.data);
  out.end_map();
}

template <class Output>
void write_answer(Output& out, const answer_envelope& a) {
  out.begin_map(4);
  out.key("version");
  out.plain(version);
  out.key("correlation_id");
  if (a.correlation_id) {
    out.plain(a.correlation_id->str());
  } else {
    out.null();
  }
  out.key("timestamp");
  out.plain(format_time(a.timestamp));
  std::visit(
      [&](const auto& data) {
        const bool is_error = std::is_same_v<std::decay_t<decltype(data)>, error>;
        write_data(out, audience::one, type_name(a.data), data, a.duplicate && !is_error);
      },
      a.data);
  out.end_map();
}

template <class Output>
void write_event(Output& out, const event_envelope& e) {
  out.begin_map(3);
  out.key("version");
  out.plain(version);
  out.key("timestamp");
  out.plain(format_time(e.timestamp));
  std::visit(
      [&](const auto& data) { write_data(out, audience::many, type_name(e.data), data, false); },
      e.data);
  out.end_map();
}

template <class Write>
std::string encode(encoding enc, Write write) {
  std::string bytes;
  bytes.reserve(512);
  if (enc == encoding::json) {
    json_output out(bytes);
    write(out);
  } else {
    msgpack_output out(bytes);
    write(out);
  }
  return bytes;
}

}  // namespace

std::string encode_request(encoding enc, const request_envelope& r) {
  return encode(enc, [&](auto& out) { write_request(out, r); });
}

std::string encode_answer(encoding enc, const answer_envelope& a) {
  return encode(enc, [&](auto& out) { write_answer(out, a); });
}

std::string encode_event(encoding enc, const event_envelope& e) {
  return encode(enc, [&](auto& out) { write_event(out, e); });
}

nlohmann::json answer_to_json(const answer_data& a, bool duplicate) {
  nlohmann::json root;
  tree_output out(root);
  writer<tree_output> w(out, audience::one, duplicate);
  std::visit(
      [&](const auto& data) {
        out.begin_map(0);
        describe(w, data);
        if (duplicate && !shows_duplicate<std::decay_t<decltype(data)>>) w.repeated();
        out.end_map();
      },
      a);
  return root;
}

nlohmann::ordered_json error_to_json(const error& e) {
  nlohmann::ordered_json root;
  basic_tree_output<nlohmann::ordered_json> out(root);
  writer<basic_tree_output<nlohmann::ordered_json>>(out, audience::one).put(e);
  return root;
}

nlohmann::json request_to_json(const request& r) {
  nlohmann::json root;
  tree_output out(root);
  writer<tree_output> w(out, audience::one);
  std::visit([&](const auto& data) { w.put(data); }, r);
  return root;
}

}  // namespace greenroom::protocol
