// SPDX-License-Identifier: MIT
/// What each route asks of the handler, and how its answers look.
#include <catch2/catch.hpp>
#include <ctime>
#include <nlohmann/json.hpp>

#include "net/http_answers.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using nlohmann::json;

namespace {

const std::string room = "018f6b1e-0000-7000-8000-000000000001";
const std::string user = "018f6b1e-0000-7000-8000-000000000002";

std::string request(const std::string& method, const std::string& target,
                    const std::string& body = {}, const std::string& headers = {}) {
  auto text = method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + headers;
  if (!body.empty()) {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (headers.find("Content-Type") == std::string::npos) {
      text += "Content-Type: application/json\r\n";
    }
  }
  return text + "\r\n" + body;
}

}  // namespace

TEST_CASE("routes become requests of the protocol") {
  struct row {
    const char* method;
    std::string target;
    const char* body;
    const char* type;
    json fields;  ///< those that are looked at
  };
  const row rows[] = {
      {"POST",
       "/api/auth/register",
       R"({"username":"Ann","password":"12345678"})",
       "register_request",
       {{"username", "ann"}}},
      {"POST",
       "/api/users",
       R"({"username":"ann","password":"12345678"})",
       "register_request",
       {{"username", "ann"}}},
      {"POST",
       "/api/auth/login",
       R"({"username":"ann","password":"12345678"})",
       "auth_request",
       {{"username", "ann"}}},
      {"POST",
       "/api/auth/refresh",
       R"({"refresh_token":"r"})",
       "auth_request",
       {{"refresh_token", "r"}}},
      {"POST", "/api/auth/logout", "", "logout_request", {}},
      {"POST", "/api/auth/logout", R"({"all":true})", "logout_request", {{"all", true}}},
      {"GET",
       "/api/users?query=a%26b&limit=7",
       "",
       "user_list_request",
       {{"query", "a&b"}, {"limit", 7}}},
      {"GET", "/api/users/" + user, "", "user_request", {{"user_id", user}}},
      {"GET", "/api/rooms", "", "room_list_request", {{"scope", "joined"}}},
      {"GET",
       "/api/rooms?scope=public&query=tea%20%26%20cake&cursor=x",
       "",
       "room_list_request",
       {{"scope", "public"}, {"query", "tea & cake"}, {"cursor", "x"}}},
      {"POST",
       "/api/rooms",
       R"({"name":"Hall","alias":"Hall"})",
       "create_room_request",
       {{"name", "Hall"}, {"alias", "hall"}}},
      {"GET", "/api/rooms/" + room, "", "room_request", {{"room_id", room}}},
      {"GET",
       "/api/rooms/" + room + "/members?limit=200",
       "",
       "room_members_request",
       {{"room_id", room}, {"limit", 200}}},
      {"POST",
       "/api/rooms",
       R"({"user_id":"018f6b1e-0000-7000-8000-000000000002"})",
       "direct_room_request",
       {{"user_id", user}}},
      {"PATCH",
       "/api/rooms/" + room,
       R"({"topic":"t","room_id":"x"})",
       "update_room_request",
       {{"room_id", room}, {"topic", "t"}}},
      {"DELETE", "/api/rooms/" + room, "", "delete_room_request", {{"room_id", room}}},
      {"PUT", "/api/rooms/" + room + "/members/me", "", "invite_request", {{"room_id", room}}},
      {"PUT",
       "/api/rooms/" + room + "/members/" + user,
       R"({"role":"guest"})",
       "invite_request",
       {{"room_id", room}, {"user_id", user}, {"role", "guest"}}},
      {"DELETE",
       "/api/rooms/" + room + "/members/me",
       "",
       "remove_member_request",
       {{"room_id", room}, {"ban", false}}},
      {"DELETE",
       "/api/rooms/" + room + "/members/" + user + "?ban=true",
       "",
       "remove_member_request",
       {{"room_id", room}, {"user_id", user}, {"ban", true}}},
      {"DELETE",
       "/api/rooms/" + room + "/bans/" + user,
       "",
       "unban_request",
       {{"room_id", room}, {"user_id", user}}},
      {"GET",
       "/api/messages/" + room + "/history?limit=5&before_seq=9&after_seq=",
       "",
       "history_request",
       {{"room_id", room}, {"limit", 5}, {"before_seq", 9}}},
      {"POST",
       "/api/messages/" + room,
       R"({"content":"hi","room_id":"other"})",
       "send_message_request",
       {{"room_id", room}, {"content", "hi"}}},
      {"GET",
       "/api/messages/" + room + "/" + room,
       "",
       "message_request",
       {{"room_id", room}, {"id", room}}},
      {"PATCH",
       "/api/messages/" + room + "/" + room,
       R"({"content":"ho","id":"other"})",
       "edit_message_request",
       {{"room_id", room}, {"id", room}, {"content", "ho"}}},
      {"DELETE",
       "/api/messages/" + room + "/" + room,
       "",
       "delete_message_request",
       {{"room_id", room}, {"id", room}}},
  };
  running_server server;
  raw_client client(server->port());
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target);
    auto answer = client.ask(request(r.method, r.target, r.body));
    REQUIRE(answer);
    REQUIRE(answer->status / 100 == 2);
    const auto asked = server.handler.with([&] { return server.handler.calls().back().request; });
    CHECK(protocol::row_of(asked.data).type == r.type);
    const auto fields = protocol::request_to_json(asked.data);
    for (const auto& [name, value] : r.fields.items())
      CHECK(fields.value(name, json()) == value);
  }
}

TEST_CASE("the handler learns who is meant") {
  running_server server;
  raw_client client(server->port());
  const auto last = [&] {
    return server.handler.with([&] { return server.handler.calls().back(); });
  };
  client.ask(request("GET", "/api/users/me", {}, "Authorization: bearer t0\r\n"));
  CHECK(last().self);
  CHECK(last().bearer_token == "t0");
  CHECK(last().peer.loopback);
  CHECK(last().peer.transport == net::transport::http);
  client.ask(request("PUT", "/api/rooms/" + room + "/members/" + user));
  CHECK(last().subject == uuid::parse(user));
  CHECK_FALSE(last().bearer_token);
  client.ask(
      request("DELETE", "/api/rooms/" + room + "/members/me", {}, "Authorization: Basic x\r\n"));
  CHECK(last().subject == uuid{});
  CHECK_FALSE(last().bearer_token);
  const auto connection = last().connection;
  raw_client other(server->port());
  other.ask(request("GET", "/api/users/me"));
  CHECK(last().connection != connection);
}

TEST_CASE("what is refused names the field and the status") {
  struct row {
    const char* method;
    std::string target;
    const char* body;
    const char* headers;
    int status;
    const char* code;
    const char* field;
  };
  const row rows[] = {
      {"GET", "/api/users?limit=many", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"GET", "/api/users?limit=1x", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"GET", "/api/users?limit=-1", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"GET", "/api/users?limit=1&limit=2", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"GET", "/api/users?limit=99999999999999999999", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"GET", "/api/users?query=%zz", "", "", 400, "INVALID_MESSAGE", "query"},
      {"GET", "/api/users?query=%ff", "", "", 400, "INVALID_MESSAGE", "query"},
      {"GET", "/api/users/me?access_token=x", "", "", 400, "INVALID_MESSAGE", "access_token"},
      {"GET", "/health?token=x", "", "", 400, "INVALID_MESSAGE", "token"},
      {"GET", "/health?ToKeN=x", "", "", 400, "INVALID_MESSAGE", "ToKeN"},
      {"GET", "/health?ACCESS_TOKEN=x", "", "", 400, "INVALID_MESSAGE", "ACCESS_TOKEN"},
      {"GET", "/ws?token=x", "", "", 400, "INVALID_MESSAGE", "token"},
      {"GET", "/api/users/nobody", "", "", 400, "INVALID_MESSAGE", "user_id"},
      {"GET", "/api/users/%zz", "", "", 400, "INVALID_MESSAGE", "path"},
      {"GET", "/api/users/a%2fb", "", "", 400, "INVALID_MESSAGE", "path"},
      {"GET", "/api/users/a%00", "", "", 400, "INVALID_MESSAGE", "path"},
      {"PUT", "/api/rooms/" + room + "/members/x", "", "", 400, "INVALID_MESSAGE", "user_id"},
      {"GET", "/api/rooms?scope=secret", "", "", 400, "INVALID_MESSAGE", "scope"},
      {"POST", "/api/rooms", "[]", "", 400, "INVALID_MESSAGE", "document"},
      {"POST", "/api/rooms", "{", "", 400, "INVALID_MESSAGE", nullptr},
      {"POST", "/api/rooms", "", "", 400, "INVALID_MESSAGE", "name"},
      {"POST", "/api/auth/login", R"({"refresh_token":"r"})", "", 400, "INVALID_MESSAGE", nullptr},
      {"POST", "/api/rooms", "name=x", "Content-Type: application/x-www-form-urlencoded\r\n", 415,
       "UNSUPPORTED", nullptr},
      {"POST", "/api/rooms", R"({"name":"x"})", "Idempotency-Key: 17\r\n", 400, "INVALID_MESSAGE",
       "Idempotency-Key"},
      {"POST", "/api/rooms", R"({"name":"x"})",
       "Idempotency-Key: 00000000-0000-0000-0000-000000000000\r\n", 400, "INVALID_MESSAGE",
       "Idempotency-Key"},
      {"POST", "/api/echo", "", "", 400, "INVALID_MESSAGE", "document"},
      {"POST", "/api/echo", "not json", "", 400, "INVALID_MESSAGE", nullptr},
      {"POST", "/api/admin/announcements", R"({"content":"x"})", "", 400, "INVALID_MESSAGE",
       "target"},
      {"POST", "/api/admin/announcements", R"({"target":"room","id":7,"content":"x"})", "", 400,
       "INVALID_MESSAGE", "id"},
      {"POST", "/api/admin/console", "{}", "", 400, "INVALID_MESSAGE", "verb"},
      {"POST", "/api/admin/console", R"({"verb":""})", "", 400, "INVALID_MESSAGE", "verb"},
      {"POST", "/api/admin/console", R"({"verb":"nodes","args":[]})", "", 400, "INVALID_MESSAGE",
       "args"},
      {"POST", "/api/admin/console", R"({"verb":"nodes","timeout_ms":600001})", "", 400,
       "INVALID_MESSAGE", "timeout_ms"},
      {"POST", "/api/admin/console", R"({"verb":"nodes","timeout_ms":-1})", "", 400,
       "INVALID_MESSAGE", "timeout_ms"},
      {"POST", "/api/admin/rooms/" + room + "/restore", "{}", "", 400, "INVALID_MESSAGE", "lines"},
      {"POST", "/api/admin/rooms/" + room + "/restore", R"({"lines":7})", "", 400,
       "INVALID_MESSAGE", "lines"},
      {"POST", "/api/admin/rooms/" + room + "/restore", R"({"lines":"{}","to":0})", "", 400,
       "INVALID_MESSAGE", "to"},
      {"POST", "/api/admin/rooms/" + room + "/restore", R"({"lines":"{}","to":"7"})", "", 400,
       "INVALID_MESSAGE", "to"},
      {"POST", "/api/admin/rooms/" + room + "/restore",
       R"({"lines":"{}","to":9223372036854775807})", "", 400, "INVALID_MESSAGE", "to"},
      {"GET", "/api/users/me/export/messages?room_id=x", "", "", 400, "INVALID_MESSAGE", "room_id"},
      {"GET", "/api/users/me/export/messages?after_seq=5", "", "", 400, "INVALID_MESSAGE",
       "after_seq"},
      {"GET", "/api/users/me/export/messages?limit=501", "", "", 400, "INVALID_MESSAGE", "limit"},
      {"DELETE", "/api/admin/rooms/x/restore", "", "", 400, "INVALID_MESSAGE", "room_id"},
      {"PATCH", "/api/rooms/" + room, R"({"archived":1})", "", 400, "INVALID_MESSAGE", "archived"},
      {"PUT", "/api/rooms/" + room + "/members/" + user, R"({"role":"king"})", "", 400,
       "INVALID_MESSAGE", "role"},
      {"DELETE", "/api/rooms/" + room + "/members/" + user + "?ban=1", "", "", 400,
       "INVALID_MESSAGE", "ban"},
      {"GET", "/api/search", "", "", 400, "INVALID_MESSAGE", "query"},
      {"GET", "/api/nothing", "", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"GET", "/api/../etc/passwd", "", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"GET", "/api/%2e%2e/etc", "", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"GET", "/api/administrator", "", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"GET", "/api/admin/x", "", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"POST", "/api/admin/x/y/z", "{}", "", 404, "UNKNOWN_MESSAGE", nullptr},
      {"GET", "/api/files/" + room + "/thumbnail", "", "", 415, "UNSUPPORTED", nullptr},
      {"POST", "/api/files/tus", "", "", 415, "UNSUPPORTED", nullptr},
      {"PATCH", "/api/files/tus/" + room, "", "", 415, "UNSUPPORTED", nullptr},
      {"GET", "/nothing", "", "", 404, "FILE_NOT_FOUND", nullptr},
      {"GET", "/apis/x", "", "", 404, "FILE_NOT_FOUND", nullptr},
      {"GET", "/ws", "", "", 400, "INVALID_MESSAGE", nullptr},
  };
  running_server server;
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target << " " << r.body);
    raw_client client(server->port());
    const std::string headers = std::string("Authorization: Bearer t\r\n") + r.headers;
    auto answer = client.ask(request(r.method, r.target, r.body, headers));
    REQUIRE(answer);
    CHECK(answer->status == r.status);
    const auto document = json::parse(answer->body);
    CHECK(document["success"] == false);
    CHECK(document["data"].is_null());
    CHECK(document["error"]["code"] == r.code);
    // The same order as over a WebSocket.
    CHECK(answer->body.find(std::string(R"("error":{"code":")") + r.code + R"(","message":")") !=
          std::string::npos);
    if (r.field != nullptr) {
      CHECK(document["error"]["details"]["field"] == r.field);
    }
  }
  CHECK(server.handler.with([&] { return server.handler.calls().empty(); }));
}

TEST_CASE("whoever sends no token hears that first, where one is needed") {
  running_server server;
  const auto code_of = [&](const char* method, const std::string& target, const char* body) {
    raw_client client(server->port());
    auto answer = client.ask(request(method, target, body));
    REQUIRE(answer);
    return json::parse(answer->body)["error"]["code"].get<std::string>();
  };
  CHECK(code_of("POST", "/api/rooms", "{}") == "UNAUTHORIZED");
  CHECK(code_of("POST", "/api/rooms", "{") == "UNAUTHORIZED");
  CHECK(code_of("GET", "/api/users?limit=many", "") == "UNAUTHORIZED");
  CHECK(code_of("GET", "/api/rooms/x", "") == "UNAUTHORIZED");
  CHECK(code_of("POST", "/api/echo", "not json") == "UNAUTHORIZED");
  CHECK(code_of("POST", "/api/files", "") == "UNAUTHORIZED");
  CHECK(code_of("POST", "/api/auth/login", "{}") == "INVALID_MESSAGE");
  CHECK(code_of("POST", "/api/auth/register", "{") == "INVALID_MESSAGE");
  CHECK(code_of("POST", "/api/users", "{}") == "INVALID_MESSAGE");
  CHECK(code_of("POST", "/api/auth/refresh", "{}") == "INVALID_MESSAGE");
  CHECK(code_of("POST", "/api/hooks/x", "{}") == "INVALID_MESSAGE");
  CHECK(code_of("GET", "/api/rooms?token=x", "") == "INVALID_MESSAGE");
  CHECK(code_of("GET", "/api/nothing", "") == "UNKNOWN_MESSAGE");
  CHECK(server.handler.with([&] { return server.handler.calls().empty(); }));
}

TEST_CASE("methods: 405 and OPTIONS say which, HEAD is GET without body") {
  running_server server;
  raw_client client(server->port());
  auto answer = client.ask(request("DELETE", "/api/rooms"));
  CHECK(answer->status == 405);
  CHECK(answer->headers["allow"] == "GET, HEAD, POST, OPTIONS");
  answer = client.ask(request("POST", "/health", "{}"));
  CHECK(answer->status == 405);
  CHECK(answer->headers["allow"] == "GET, HEAD, OPTIONS");
  answer = client.ask(request("OPTIONS", "/api/rooms/" + room + "/members/me"));
  CHECK(answer->status == 204);
  CHECK(answer->headers["allow"] == "PUT, DELETE, OPTIONS");
  CHECK(client.ask(request("OPTIONS", "*"))->status == 204);
  answer = client.ask(request("BREW", "/api/rooms"));
  CHECK(answer->status == 405);
  const auto refused = json::parse(answer->body)["error"];
  CHECK(refused["code"] == "INVALID_MESSAGE");
  CHECK(refused["details"]["field"] == "method");
  answer = client.ask(request("HEAD", "/health"));
  CHECK(answer->status == 200);
  CHECK(answer->headers["content-length"] == "20");
  CHECK(client.ask(request("GET", "/health"))->body == R"({"status":"healthy"})");
}

TEST_CASE("answers come in the envelope, with the status of what happened") {
  protocol::answer_data next = protocol::room_response{};
  running_server server(
      {}, [&](fake_handler& h) { h.on_call = [&](const net::http_call&) { return next; }; });
  raw_client client(server->port());
  const std::string key = "018f6b1e-0000-7000-8000-00000000000a";
  const auto create =
      request("POST", "/api/rooms", R"({"name":"x"})", "Idempotency-Key: " + key + "\r\n");
  auto answer = client.ask(create);
  CHECK(answer->status == 201);
  CHECK(answer->headers["content-type"] == "application/json");
  CHECK(answer->headers["x-content-type-options"] == "nosniff");
  CHECK(answer->headers["cache-control"] == "no-store");
  std::tm date{};
  const auto text = answer->headers["date"];
  const auto* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  REQUIRE(end != nullptr);
  CHECK(*end == '\0');
  CHECK(std::abs(std::difftime(timegm(&date), std::time(nullptr))) < 60);
  const auto document = json::parse(answer->body);
  CHECK(document.size() == 5);
  CHECK(document["success"] == true);
  CHECK(document["error"].is_null());
  CHECK(document["request_id"] == key);
  CHECK(document["timestamp"].get<std::string>().size() == 24);
  CHECK(document["data"].contains("room"));
  CHECK_FALSE(document["data"].contains("type"));

  server.handler.duplicate = true;
  answer = client.ask(create);
  CHECK(answer->status == 200);
  CHECK(json::parse(answer->body)["data"]["duplicate"] == true);
  server.handler.duplicate = false;

  error limited{ec::rate_limit, "slower", {}};
  limited.details.retry_after_ms = 1001;
  next = limited;
  answer = client.ask(create);
  CHECK(answer->status == 429);
  CHECK(answer->headers["retry-after"] == "2");
  const auto often = net::answer_error(net::connects_too_often(6), {});
  CHECK(often.result_int() == 429);
  CHECK(often[net::http::field::retry_after] == "10");
  CHECK(json::parse(often.body())["error"]["details"]["retry_after_ms"] == 10'000);
  next = error{ec::unauthorized, "no \xff token", {}};
  answer = client.ask(create);
  CHECK(answer->status == 401);
  CHECK(answer->headers["www-authenticate"] == "Bearer");
  CHECK(json::parse(answer->body)["error"]["details"].is_null());
}

TEST_CASE("the echo returns the bytes it got, to those who are authenticated") {
  protocol::answer_data next = protocol::ok_response{};
  running_server server({}, [&](fake_handler& h) {
    h.on_call = [&](const net::http_call& c) {
      return c.authenticate_only ? std::optional(next) : std::nullopt;
    };
  });
  raw_client client(server->port());
  for (const std::string text : {R"({ "b":1, "a" : [1.0] })", "[]", "\"x\"", "17"}) {
    auto answer = client.ask(request("POST", "/api/echo", text));
    CHECK(answer->status == 200);
    CHECK(answer->body == text);
  }
  next = error{ec::unauthorized, "no", {}};
  CHECK(client.ask(request("POST", "/api/echo", "{}"))->status == 401);
}

TEST_CASE("the node's own pages") {
  auto pages = running_server::default_pages();
  pages.health_live = []() -> net::page { throw std::runtime_error("broken"); };
  running_server server({}, {}, pages);
  raw_client client(server->port());
  CHECK(client.ask(request("GET", "/health/ready"))->status == 503);
  CHECK(client.ask(request("GET", "/health/live"))->status == 500);
  auto answer = client.ask(request("GET", "/metrics"));
  CHECK(answer->body == "greenroom_x 1\n");
  CHECK(answer->headers["content-type"] == "text/plain; version=0.0.4");
  answer = client.ask(request("GET", "/"));
  CHECK(answer->headers["content-type"] == "text/html; charset=utf-8");
  CHECK(answer->headers["content-security-policy"].find("default-src 'self'") == 0);
  for (const auto& ask :
       {request("GET", "/api"), request("GET", "/", {}, "Accept: application/json\r\n")}) {
    const auto document = json::parse(client.ask(ask)->body);
    CHECK(document["data"]["version"] == "9.9.9");
    CHECK(document["data"]["endpoints"].size() > 15);
  }
}

TEST_CASE("a connection serves many requests, in their order") {
  running_server server;
  raw_client client(server->port());
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += request("POST", "/api/echo", std::to_string(i));
  client.send(many);
  for (int i = 0; i < 100; ++i) {
    auto answer = client.read_reply();
    REQUIRE(answer);
    REQUIRE(answer->body == std::to_string(i));
  }
  CHECK(client.ask(request("GET", "/health", {}, "Connection: close\r\n"))->headers["connection"] ==
        "close");
  CHECK(client.closed_by_server());
  CHECK(server.handler.wait([&] { return server.handler.ends() == 1; }));
}
