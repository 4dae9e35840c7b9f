// SPDX-License-Identifier: MIT
#include <array>
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/describe_requests.hpp"
#include "protocol/document_tree.hpp"
#include "protocol/request_reader.hpp"

namespace greenroom::protocol {

namespace {

using nlohmann::json;

template <class T>
expected<request> read_as(json& fields) {
  T r;
  request_reader reader(fields);
  describe(reader, r);
  if (reader.failure()) return tl::unexpected(std::move(*reader.failure()));
  if (auto wrong = check(std::as_const(r))) return tl::unexpected(std::move(*wrong));
  return request(std::move(r));
}

using read_function = expected<request> (*)(json&);

template <std::size_t... I>
constexpr auto readers_of(std::index_sequence<I...>) {
  return std::array<read_function, sizeof...(I)>{
      &read_as<std::variant_alternative_t<I, request>>...};
}

/// One per offered alternative, in the order of the variant (unsupported_request is the last).
constexpr auto readers = readers_of(std::make_index_sequence<std::variant_size_v<request> - 1>{});

/// The offered alternatives follow the order of the table.
read_function reader_of(const request_row& row) {
  std::size_t at = 0;
  for (const auto& other : request_table()) {
    if (&other == &row) return readers[at];
    if (other.offered) ++at;
  }
  return nullptr;
}

expected<request> read_request(std::string_view type, json& fields) {
  const auto* row = find_request(type);
  if (row == nullptr) {
    error e{ec::unknown_message, "there is no request of this type", {}};
    e.details.field = "type";
    return tl::unexpected(std::move(e));
  }
  if (!row->offered) return request(unsupported_request{std::string(type)});
  return reader_of(*row)(fields);
}

/// A field of the envelope; null when it is absent or null.
json* find(json& object, std::string_view name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

/// The parts of the envelope beside `message_id` and `data`.
std::optional<error> check_envelope(json& document) {
  if (const auto* version = find(document, "version"); version && *version != "1") {
    return invalid_field("version", "version must be \"1\"").value();
  }
  if (const auto* time = find(document, "timestamp"); time && !time->is_string()) {
    return invalid_field("timestamp", "timestamp must be a text").value();
  }
  return std::nullopt;
}

expected<request> read_data(json& document) {
  if (auto wrong = check_envelope(document)) return tl::unexpected(std::move(*wrong));
  auto* data = find(document, "data");
  if (data == nullptr || !data->is_object()) {
    return invalid_field("data", data ? "data must be an object" : "data is missing");
  }
  const auto* type = find(*data, "type");
  if (type == nullptr || !type->is_string()) {
    return invalid_field("type", type ? "type must be a text" : "type is missing");
  }
  return read_request(type->get_ref<const std::string&>(), *data);
}

expected<uuid> read_message_id(json& document) {
  const auto* value = find(document, "message_id");
  if (value == nullptr) return invalid_field("message_id", "message_id is missing");
  const auto id = value->is_string() ? uuid::parse(value->get_ref<const std::string&>())
                                     : std::optional<uuid>();
  if (!id) return invalid_field("message_id", "message_id must be a UUID");
  if (id->is_nil()) return invalid_field("message_id", "message_id must not be the nil UUID");
  return *id;
}

}  // namespace

tl::expected<request_envelope, decode_failure> decode_request(encoding enc,
                                                              std::string_view bytes) try {
  auto document = read_tree(enc, bytes, request_limits);
  if (!document) {
    auto& failed = document.error();
    return tl::unexpected(decode_failure{failed.message_id, std::move(failed.reason)});
  }
  if (!document->is_object()) {
    return tl::unexpected(decode_failure{
        std::nullopt, invalid_field("document", "the document must be an object").value()});
  }
  const auto message_id = read_message_id(*document);
  if (!message_id) return tl::unexpected(decode_failure{std::nullopt, message_id.error()});
  auto data = read_data(*document);
  if (!data) return tl::unexpected(decode_failure{*message_id, std::move(data.error())});
  return request_envelope{*message_id, std::move(*data)};
} catch (const std::exception&) {
  // Only memory can run out here.
  return tl::unexpected(
      decode_failure{std::nullopt, fail(ec::internal, "the document could not be read").value()});
}

expected<request> request_from_json(std::string_view type, const json& fields) try {
  if (fields.is_null()) {
    auto none = json::object();
    return read_request(type, none);
  }
  if (!fields.is_object()) return invalid_field("document", "the document must be an object");
  auto copy = fields;
  return read_request(type, copy);
} catch (const std::exception&) {
  return fail(ec::internal, "the document could not be read");
}

expected<json> parse_json(std::string_view text) {
  auto tree = read_tree(encoding::json, text, body_limits);
  if (!tree) return tl::unexpected(std::move(tree.error().reason));
  return std::move(*tree);
}

}  // namespace greenroom::protocol
