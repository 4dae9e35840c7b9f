// SPDX-License-Identifier: MIT
// docs/api and docs/errors.md are made here from the code, and compared with what is checked in.
// GREENROOM_WRITE_API=1 writes them.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "api_schema.hpp"
#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

const std::string docs = GREENROOM_SOURCE_DIR "/docs/";
const std::string a_time = "2026-11-24T07:03:48.123Z";

std::string read(const std::string& name) {
  std::ifstream file(docs + name);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

/// Writes it, or holds it against the file.
void settle(const std::string& name, const std::string& text) {
  if (std::getenv("GREENROOM_WRITE_API") != nullptr) std::ofstream(docs + name) << text;
  INFO("docs/" << name << " is not what the code says: run this test with GREENROOM_WRITE_API=1");
  CHECK(read(name) == text);
}

/// Which requests are bodies of HTTP, and the fields of theirs that stand in the path.
struct body_of {
  const char* name;
  const char* request;
  std::vector<std::string> in_path;
};
const body_of bodies[] = {
    {"register_body", "register_request", {}},
    {"logout_body", "logout_request", {}},
    {"update_profile_body", "update_profile_request", {}},
    {"change_password_body", "change_password_request", {}},
    {"create_room_body", "create_room_request", {}},
    {"direct_room_body", "direct_room_request", {}},
    {"update_room_body", "update_room_request", {"room_id"}},
    {"put_member_body", "invite_request", {"room_id", "user_id"}},
    {"send_message_body", "send_message_request", {"room_id"}},
    {"edit_message_body", "edit_message_request", {"room_id", "id"}},
};

/// As HTTP wraps answers (docs/protocol.md, section 7).
ojson wrapped(bool success, ojson data, ojson failure) {
  return {{"type", "object"},
          {"properties",
           {{"success", {{"const", success}}},
            {"data", std::move(data)},
            {"error", std::move(failure)},
            {"timestamp", schema_maker::time_text()},
            {"request_id", schema_maker::id_text()}}},
          {"required", ojson::array({"success", "data", "error", "timestamp", "request_id"})}};
}

ojson http_schemas() {
  auto schemas = ojson::object();
  schema_maker make(schemas, audience::one);
  for_each_sent<answer_data>([&]<class T>(std::string_view type) {
    const auto name = std::string(type);
    if constexpr (std::is_same_v<T, error>) {
      auto failure = make.of<error>();
      schemas["error_document"] = wrapped(false, {{"type", "null"}}, std::move(failure));
    } else if constexpr (std::is_same_v<T, room_export_response>) {
      // HTTP sends its lines as they are.
    } else {
      schemas[name] = sent_schema<T>(make, {});
      schemas[name + "_document"] =
          wrapped(true, {{"$ref", "#/components/schemas/" + name}}, {{"type", "null"}});
    }
  });
  for (const auto& b : bodies) {
    for_each_request([&](const request_row& row, const request& r) {
      if (row.type == b.request) schemas[b.name] = request_schema(r, {}, b.in_path);
    });
  }
  return schemas;
}

/// What an operation may be refused with under one status, as a response of the document refers to
/// it: `#/components/responses/` and its codes, with full stops between them.
const std::string refusals_at = "#/components/responses/";

std::vector<ec> codes_in(const std::string& name) {
  std::vector<ec> codes;
  std::stringstream parts(name);
  for (std::string part; std::getline(parts, part, '.');) {
    const auto code = parse_ec(part);
    INFO(name << ": " << part << " is no code");
    REQUIRE(code);
    codes.push_back(*code);
  }
  return codes;
}

/// With an example of each of the codes.
ojson refusal(const std::vector<ec>& codes) {
  ojson examples;
  std::string said;
  auto names = ojson::array();
  for (const auto code : codes) {
    const auto name = std::string(to_string(code));
    names.push_back(name);
    said += (said.empty() ? "`" : " `") + name + "`: " + std::string(describe(code));
    error e{code, std::string(describe(code)), {}};
    if (code == ec::invalid_message) e.details.field = "limit";
    if (code == ec::too_large) {
      e.details.field = "content";
      e.details.limit = limits::content_bytes_max;
    }
    if (code == ec::rate_limit || code == ec::unavailable) e.details.retry_after_ms = 1000;
    examples[name]["value"] = {{"success", false},
                               {"data", nullptr},
                               {"error", error_to_json(e)},
                               {"timestamp", a_time},
                               {"request_id", some_id}};
  }
  ojson r{{"description", said}};
  if (codes.front() == ec::rate_limit || codes.front() == ec::unavailable) {
    r["headers"]["Retry-After"] = {{"description", "Seconds to wait."},
                                   {"schema", {{"type", "integer"}, {"minimum", 0}}}};
  }
  ojson narrowed;
  narrowed["properties"]["error"]["properties"]["code"]["enum"] = std::move(names);
  r["content"]["application/json"] = {
      {"schema",
       {{"allOf", ojson::array({{{"$ref", "#/components/schemas/error_document"}}, narrowed})}}},
      {"examples", std::move(examples)}};
  return r;
}

/// One for each set of codes that operations of `paths` refer to.
ojson http_errors(const ojson& paths) {
  std::map<std::string, ojson> used;
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) {
      for (const auto& [status, answer] : operation.at("responses").items()) {
        const auto to = answer.value("$ref", "");
        if (!to.starts_with(refusals_at)) continue;
        const auto name = to.substr(refusals_at.size());
        INFO(method << " " << path << " " << status);
        const auto codes = codes_in(name);
        for (const auto code : codes)
          CHECK(std::to_string(http_status(code)) == status);
        used.try_emplace(name, refusal(codes));
      }
    }
  }
  return ojson(used);
}

// -- sockets --------------------------------------------------------------------------------------

ojson socket_envelope(std::string_view id_field, ojson id, ojson data) {
  ojson s{{"type", "object"}, {"properties", {{"version", {{"const", "1"}}}}}};
  s["required"] = ojson::array({"data"});
  if (!id_field.empty()) {
    s["properties"][std::string(id_field)] = std::move(id);
    s["required"].push_back(id_field);
  }
  s["properties"]["timestamp"] = schema_maker::time_text();
  s["properties"]["data"] = std::move(data);
  return s;
}

ojson reference(const std::string& to) {
  return {{"$ref", to}};
}

std::string hexadecimal(unsigned number) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", number);
  return text;
}

ojson asyncapi() {
  auto schemas = ojson::object();
  auto messages = ojson::object();
  auto operations = ojson::object();
  auto of_channel = ojson::object();
  const auto add = [&](const std::string& name, ojson m) {
    messages[name] = std::move(m);
    of_channel[name] = reference("#/components/messages/" + name);
  };
  const auto in_channel = [](const std::string& name) {
    return reference("#/channels/socket/messages/" + name);
  };
  const auto examples = [](const std::string& type) {
    for (const auto& r : all_requests()) {
      if (r.type == type) return ojson::array({{{"payload", ojson(envelope(smallest(r)))}}});
    }
    return ojson::array();
  };
  for_each_request([&](const request_row& row, const request& r) {
    const auto name = std::string(row.type);
    schemas[name] = request_schema(r, row.type);
    add(name, {{"name", name},
               {"summary", row.needs_login ? "A request." : "A request that needs no log-in."},
               {"payload", socket_envelope("message_id", schema_maker::id_text(),
                                           reference("#/components/schemas/" + name))},
               {"examples", examples(name)},
               {"x-frame-number", row.number},
               {"x-writes", row.is_write}});
    operations[name] = {{"action", "receive"},
                        {"channel", reference("#/channels/socket")},
                        {"messages", ojson::array({in_channel(name)})},
                        {"reply",
                         {{"channel", reference("#/channels/socket")},
                          {"messages", ojson::array({in_channel(std::string(row.answer_type)),
                                                     in_channel("error")})}}}};
  });
  schema_maker answers(schemas, audience::one);
  for_each_sent<answer_data>([&]<class T>(std::string_view type) {
    const auto name = std::string(type);
    bool sent = std::is_same_v<T, error>;
    for (const auto& row : request_table())
      sent = sent || row.answer_type == type;
    if (!sent) return;  // over HTTP only
    const auto schema = name + (std::is_same_v<T, error> ? "_answer" : "");
    schemas[schema] = sent_schema<T>(answers, type);
    add(name, {{"name", name},
               {"summary", "An answer: `correlation_id` is the request's `message_id`."},
               {"payload",
                socket_envelope("correlation_id", schema_maker::or_null(schema_maker::id_text()),
                                reference("#/components/schemas/" + schema))}});
  });
  schema_maker events(schemas, audience::many);
  for_each_sent<event_data>([&]<class T>(std::string_view type) {
    // A request and an event are both called `typing`.
    const auto name = std::string(type) + (messages.contains(type) ? "_event" : "");
    schemas[name] = sent_schema<T>(events, type);
    add(name, {{"name", std::string(type)},
               {"summary", "An event: without `correlation_id`; what is empty is left out."},
               {"payload", socket_envelope({}, {}, reference("#/components/schemas/" + name))},
               {"x-frame-number", hexadecimal(frame_number(event_data(T{})))}});
    operations[name] = {{"action", "send"},
                        {"channel", reference("#/channels/socket")},
                        {"messages", ojson::array({in_channel(name)})}};
  });
  ojson bearer{{"type", "http"},
               {"scheme", "bearer"},
               {"description", "In the Authorization header of the upgrade; or an auth_request."}};
  return {
      {"asyncapi", "3.0.0"},
      {"info",
       {{"title", "greenroom over WebSocket"},
        {"version", "1"},
        {"description",
         "Documents of both directions. Sub-protocol `greenroom.v1.json` (text frames) or "
         "`greenroom.v1.msgpack` (binary frames, the same documents). The manual of the protocol "
         "says what requests do."},
        {"license", {{"name", "MIT"}}}}},
      {"defaultContentType", "application/json"},
      {"servers",
       {{"node",
         {{"host", "localhost:8080"},
          {"protocol", "ws"},
          {"security", ojson::array({reference("#/components/securitySchemes/bearer")})}}}}},
      {"channels",
       {{"socket",
         {{"address", "/ws"},
          {"description",
           "Every request gets exactly one answer within 5 s; events come by themselves."},
          {"messages", std::move(of_channel)}}}}},
      {"operations", std::move(operations)},
      {"components",
       {{"securitySchemes", {{"bearer", std::move(bearer)}}},
        {"messages", std::move(messages)},
        {"schemas", std::move(schemas)}}}};
}

// -- errors ---------------------------------------------------------------------------------------

std::string error_catalogue() {
  std::ostringstream out;
  out << "# Errors\n\n"
         "Made from `src/protocol/error.cpp`; a test holds it to that. An error is "
         "`{\"code\", \"message\", \"details\"}`: `code` never changes, `message` is for people "
         "and "
         "may, `details` is null or has those of `field`, `limit`, `retry_after_ms`, `seq` and "
         "`replicas` that apply. docs/protocol.md, section 8, has the close codes of sockets.\n\n"
         "| code | HTTP | meaning | details | what to do |\n|---|---|---|---|---|\n";
  for (int i = 0; i <= static_cast<int>(ec::internal); ++i) {
    const auto code = static_cast<ec>(i);
    const auto details = details_of(code);
    out << "| `" << to_string(code) << "` | " << http_status(code) << " | " << describe(code)
        << " | " << (details.empty() ? "–" : details) << " | " << advice_on(code) << " |\n";
  }
  out << "\nHTTP has a few statuses of its own, with the code that is nearest: 404 "
         "`UNKNOWN_MESSAGE` for a path below `/api` that is no route, and `FILE_NOT_FOUND` for any "
         "other, 405 `INVALID_MESSAGE` naming `method` for another method "
         "(`Allow` names those there are), 408 `INVALID_MESSAGE` for a request that does not "
         "arrive in time, 417 `INVALID_MESSAGE` for an expectation other than `100-continue`, 431 "
         "`TOO_LARGE` for a header.\n";
  return out.str();
}

}  // namespace

TEST_CASE("api: openapi.json has the schemas and errors of the code", "[api]") {
  auto document = ojson::parse(read("api/openapi.json"));
  document["components"]["schemas"] = http_schemas();
  document["components"]["responses"] = http_errors(document.at("paths"));
  settle("api/openapi.json", document.dump(2) + "\n");
}

TEST_CASE("api: every schema that openapi.json refers to is there", "[api]") {
  const auto text = read("api/openapi.json");
  const auto document = ojson::parse(text);
  std::set<std::string> used;
  for (std::size_t at = 0; (at = text.find("\"#/", at)) != std::string::npos; ++at) {
    used.insert(text.substr(at + 2, text.find('"', at + 1) - at - 2));
  }
  CHECK(used.size() > 30);
  for (const auto& pointer : used) {
    CAPTURE(pointer);
    CHECK(document.contains(ojson::json_pointer(pointer)));
  }
}

TEST_CASE("api: asyncapi.json is what sockets say and understand", "[api]") {
  settle("api/asyncapi.json", asyncapi().dump(2) + "\n");
}

TEST_CASE("api: the catalogue of errors", "[api]") {
  settle("errors.md", error_catalogue());
  for (int i = 0; i <= static_cast<int>(ec::internal); ++i) {
    CHECK_FALSE(advice_on(static_cast<ec>(i)).empty());
  }
}
