// SPDX-License-Identifier: MIT
#include "protocol/error.hpp"

#include <array>

namespace greenroom {

namespace {

struct catalogue_row {
  ec code;
  std::string_view name;
  int status;
  std::string_view sentence;
  std::string_view details;
  std::string_view advice;
};

constexpr std::array catalogue{
    catalogue_row{ec::invalid_message, "INVALID_MESSAGE", 400,
                  "A field of the request is missing, ill-typed or out of range.",
                  "`field`; `limit` for numbers out of range",
                  "Mend the named field; the same request is refused again."},
    catalogue_row{ec::unknown_message, "UNKNOWN_MESSAGE", 400,
                  "This protocol has no request of this type.", "`field`: `type`",
                  "Use a type that the protocol has; in HTTP, a path that `/api` lists."},
    catalogue_row{ec::unsupported, "UNSUPPORTED", 415, "This server does not offer this.", "",
                  "Do without it; `/api` and the protocol say what this node offers."},
    catalogue_row{
        ec::unauthorized, "UNAUTHORIZED", 401,
        "Log in first; the token is missing, expired or revoked.", "",
        "Authenticate; with a token that has expired, use the refresh token once, then log in."},
    catalogue_row{
        ec::forbidden, "FORBIDDEN", 403, "You do not have the right to do this.",
        "`field` where one value is what is not allowed; `limit` where a number of them is",
        "Ask somebody who has the right; repeating does not help."},
    catalogue_row{ec::user_not_found, "USER_NOT_FOUND", 404, "There is no such user.",
                  "`field` where the request names several",
                  "Look the person up again; accounts can be deactivated or erased."},
    catalogue_row{ec::room_not_found, "ROOM_NOT_FOUND", 404, "There is no such room.", "",
                  "Drop the room from the list; it may be one that you may not see."},
    catalogue_row{ec::message_not_found, "MESSAGE_NOT_FOUND", 404, "There is no such message.",
                  "`field`", "Read history again."},
    catalogue_row{ec::file_not_found, "FILE_NOT_FOUND", 404, "There is no such file.", "`field`",
                  "Upload the file to that room first."},
    catalogue_row{ec::username_taken, "USERNAME_TAKEN", 409, "This user name is taken.", "`field`",
                  "Choose another name; names are never given out again."},
    catalogue_row{ec::invalid_credentials, "INVALID_CREDENTIALS", 401,
                  "The user name or the password is wrong.", "",
                  "Ask the person again; wrong attempts are limited."},
    catalogue_row{ec::user_offline, "USER_OFFLINE", 409, "The user is not connected.", "",
                  "Try again when the person is connected."},
    catalogue_row{ec::rate_limit, "RATE_LIMIT", 429, "Too many requests; try again later.",
                  "`retry_after_ms`; in HTTP also `Retry-After`",
                  "Wait for that long, then repeat with the same message_id."},
    catalogue_row{ec::too_large, "TOO_LARGE", 413, "The request exceeds a size limit.",
                  "`field`, `limit` in the unit of the field",
                  "Send less; the same request is refused again."},
    catalogue_row{ec::conflict, "CONFLICT", 409, "The request contradicts the present state.",
                  "`field` where one value is what contradicts; `limit` where a number is reached",
                  "Read the present state and decide again; a message_id that was used for "
                  "something else needs to be a new one."},
    catalogue_row{ec::unavailable, "UNAVAILABLE", 503,
                  "The data is not available at the moment; repeat with the same message_id.",
                  "`retry_after_ms`; in HTTP also `Retry-After`; `seq` and `replicas` where it is "
                  "written but not as safely as asked; `limit` where a number is reached",
                  "Repeat with the same message_id after that time: it has one effect whether or "
                  "not the first had one."},
    catalogue_row{ec::internal, "INTERNAL", 500, "The server made a mistake; it is in its log.", "",
                  "Repeat with the same message_id; tell the operator the `request_id` or "
                  "message_id and the time."},
};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    if (static_cast<std::size_t>(catalogue[i].code) != i) return false;
  }
  return catalogue.size() == static_cast<std::size_t>(ec::internal) + 1;
}
static_assert(in_enum_order(), "every error code has its row, in the order of the enum");

const catalogue_row& row_of(ec code) noexcept {
  const auto at = static_cast<std::size_t>(code);
  return at < catalogue.size() ? catalogue[at] : catalogue.back();
}

}  // namespace

std::string_view to_string(ec code) noexcept {
  return row_of(code).name;
}

std::optional<ec> parse_ec(std::string_view text) noexcept {
  for (const auto& row : catalogue) {
    if (row.name == text) return row.code;
  }
  return std::nullopt;
}

std::string_view describe(ec code) noexcept {
  return row_of(code).sentence;
}

std::string_view details_of(ec code) noexcept {
  return row_of(code).details;
}

std::string_view advice_on(ec code) noexcept {
  return row_of(code).advice;
}

int http_status(ec code) noexcept {
  return row_of(code).status;
}

tl::unexpected<error> fail(ec code, std::string message) {
  if (message.empty()) message = describe(code);
  return tl::unexpected<error>(error{code, std::move(message), {}});
}

tl::unexpected<error> invalid_field(std::string field, std::string message) {
  error e{ec::invalid_message, std::move(message), {}};
  e.details.field = std::move(field);
  return tl::unexpected<error>(std::move(e));
}

tl::unexpected<error> too_large(std::string field, std::int64_t limit) {
  error e{ec::too_large, field + " exceeds its limit of " + std::to_string(limit), {}};
  e.details.field = std::move(field);
  e.details.limit = limit;
  return tl::unexpected<error>(std::move(e));
}

tl::unexpected<error> unavailable(std::string message, std::int64_t retry_after_ms) {
  if (message.empty()) message = describe(ec::unavailable);
  error e{ec::unavailable, std::move(message), {}};
  e.details.retry_after_ms = retry_after_ms;
  return tl::unexpected<error>(std::move(e));
}

}  // namespace greenroom
