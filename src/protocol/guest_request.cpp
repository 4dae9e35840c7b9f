// SPDX-License-Identifier: MIT
#include "protocol/guest_request.hpp"

#include <utility>

#include "protocol/document_tree.hpp"
#include "protocol/requests.hpp"

namespace greenroom::protocol {

decode_failure for_guest(encoding enc, std::string_view bytes, decode_failure failure) {
  // Without a message_id it is no request of anything.
  if (!failure.message_id) return failure;
  const auto document = read_tree(enc, bytes, request_limits);
  if (!document || !document->is_object()) return failure;
  const auto data = document->find("data");
  if (data == document->end() || !data->is_object()) return failure;
  const auto type = data->find("type");
  if (type == data->end() || !type->is_string()) return failure;
  const auto* row = find_request(type->get_ref<const std::string&>());
  if (row == nullptr || !row->needs_login) return failure;
  return {failure.message_id, fail(ec::unauthorized, "authenticate first").value()};
}

}  // namespace greenroom::protocol
