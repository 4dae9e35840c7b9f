// SPDX-License-Identifier: MIT
#include <utility>

#include "protocol/codec.hpp"
#include "protocol/document_tree.hpp"
#include "protocol/record_reader.hpp"

namespace greenroom::protocol {

namespace {

using nlohmann::json;

std::string text_at(const json& object, std::string_view name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

/// Fills the alternative of `Variant` that has this type name.
template <class Variant, std::size_t I = 0>
expected<Variant> read_variant(std::string_view type, json& data) {
  if constexpr (I == std::variant_size_v<Variant>) {
    error e{ec::unknown_message, "the server sent a document of an unknown type", {}};
    e.details.field = "type";
    return tl::unexpected(std::move(e));
  } else {
    Variant made(std::in_place_index<I>);
    if (type_name(made) != type) return read_variant<Variant, I + 1>(type, data);
    record_reader reader(data);
    describe(reader, std::get<I>(made));
    if (!reader.wrong_field().empty()) {
      return invalid_field(reader.wrong_field(), "the server sent a field of the wrong type");
    }
    return made;
  }
}

}  // namespace

expected<server_document> decode_server(encoding enc, std::string_view bytes) try {
  auto document = read_tree(enc, bytes, server_limits);
  if (!document) return tl::unexpected(std::move(document.error().reason));
  if (!document->is_object()) return invalid_field("document", "the document must be an object");
  const auto data = document->find("data");
  if (data == document->end() || !data->is_object())
    return invalid_field("data", "data is missing");
  const auto type = text_at(*data, "type");
  const auto time = parse_time(text_at(*document, "timestamp")).value_or(0);

  if (!document->contains("correlation_id")) {
    auto event = read_variant<event_data>(type, *data);
    if (!event) return tl::unexpected(std::move(event.error()));
    return server_document(event_envelope{time, std::move(*event)});
  }
  const auto duplicate = data->find("duplicate");
  const bool repeated = duplicate != data->end() && *duplicate == true;
  auto answer = read_variant<answer_data>(type, *data);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return server_document(answer_envelope{uuid::parse(text_at(*document, "correlation_id")), time,
                                         std::move(*answer), repeated});
} catch (const std::exception&) {
  return fail(ec::internal, "the document could not be read");
}

}  // namespace greenroom::protocol
