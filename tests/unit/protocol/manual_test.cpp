// SPDX-License-Identifier: MIT
// docs/protocol.md says what the code does: types, numbers, fields, errors, close codes, examples.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

std::string read_manual() {
  std::ifstream file(GREENROOM_SOURCE_DIR "/docs/protocol.md");
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("manual: every request with its number, answer and fields", "[manual]") {
  const auto manual = read_manual();
  REQUIRE_FALSE(manual.empty());
  for (const auto& row : request_table()) {
    CAPTURE(row.type);
    const auto heading = "**" + std::to_string(row.number) + " `" + std::string(row.type) + "`**";
    const auto at = manual.find(heading + (row.offered ? " → `" : " † → `") +
                                std::string(row.answer_type) + "`");
    REQUIRE(at != std::string::npos);
    // Its text ends where the next request's begins.
    auto next = at + heading.size();
    do {
      next = manual.find("\n**", next + 1);
    } while (next != std::string::npos && !std::isdigit(manual[next + 3]));
    const auto part = manual.substr(at, next - at);
    for (const auto& r : all_requests()) {
      if (r.type != row.type) continue;
      for (const auto& f : r.fields) {
        CAPTURE(f.name);
        CHECK(has(part, "`" + f.name + "`"));
        if (f.required) CHECK(has(part, "**`" + f.name + "`**"));
      }
    }
  }
}

TEST_CASE("manual: every error, close code and event", "[manual]") {
  const auto manual = read_manual();
  for (int i = 0; i <= static_cast<int>(ec::internal); ++i) {
    const auto code = static_cast<ec>(i);
    CHECK(has(manual, "| `" + std::string(to_string(code)) + "` | " +
                          std::to_string(http_status(code)) + " |"));
  }
  for (const auto code :
       {close_code::going_away, close_code::protocol_error, close_code::wrong_frame_kind,
        close_code::invalid_utf8, close_code::policy, close_code::too_big, close_code::try_later,
        close_code::not_authenticated, close_code::session_revoked, close_code::heartbeat_missed,
        close_code::too_slow, close_code::flooding}) {
    CHECK(has(manual, "\n| " + std::to_string(static_cast<int>(code)) + " |"));
  }
  for (const event_data& e :
       {event_data(message_received{}), event_data(message_updated{}), event_data(room_event{}),
        event_data(message_status{}), event_data(typing_event{}), event_data(presence_event{}),
        event_data(session_event{})}) {
    char number[8];
    std::snprintf(number, sizeof number, "0x%04x", frame_number(e));
    CHECK(has(manual, "| " + std::string(number) + " | `" + std::string(type_name(e)) + "` |"));
  }
}

TEST_CASE("manual: the examples are documents of the protocol", "[manual]") {
  std::istringstream lines(read_manual());
  std::string line;
  int requests = 0;
  int answers = 0;
  while (std::getline(lines, line)) {
    if (!line.starts_with("{\"version\"")) continue;
    CAPTURE(line);
    if (line.starts_with("{\"version\":\"1\",\"message_id\"")) {
      CHECK(decode_request(encoding::json, line));
      ++requests;
      continue;
    }
    const auto read = decode_server(encoding::json, line);
    REQUIRE(read);
    const auto* answer = std::get_if<answer_envelope>(&*read);
    CHECK(line == (answer ? encode_answer(encoding::json, *answer)
                          : encode_event(encoding::json, std::get<event_envelope>(*read))));
    ++answers;
  }
  CHECK(requests == 2);
  CHECK(answers == 3);
}
