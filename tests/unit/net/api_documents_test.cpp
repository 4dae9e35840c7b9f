// SPDX-License-Identifier: MIT
/// docs/api/openapi.json has the routes of the table, all of them and no others.
#include "net/api_documents.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "net/routes.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net;
using nlohmann::json;

namespace {

/// One, or several with names.
bool has_example(const json& content) {
  return content.contains("example") || !content.value("examples", json::object()).empty();
}

/// "METHOD /path" → the operation.
std::map<std::string, json> operations() {
  const auto document = json::parse(openapi_document());
  std::map<std::string, json> all;
  for (const auto& [path, methods] : document.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      auto name = method;
      for (auto& c : name)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      all.emplace(name + " " + path, operation);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("openapi: every route is described, and nothing else") {
  std::set<std::string> described;
  for (const auto& [name, operation] : operations())
    described.insert(name);
  const auto all = endpoints();
  const std::set<std::string> offered(all.begin(), all.end());
  for (const auto& name : offered) {
    INFO(name << " is a route without a place in docs/api/openapi.json");
    CHECK(described.contains(name));
  }
  for (const auto& name : described) {
    INFO(name << " is in docs/api/openapi.json, but no route");
    CHECK(offered.contains(name));
  }
}

TEST_CASE("openapi: every request and answer has its example") {
  std::set<std::string> ids;
  for (const auto& [name, operation] : operations()) {
    CAPTURE(name);
    CHECK(ids.insert(operation.at("operationId")).second);
    for (const auto& p : operation.value("parameters", json::array())) {
      if (p.contains("$ref") || !p.value("required", false)) continue;
      CHECK(p.contains("example"));
    }
    if (operation.contains("requestBody"))
      CHECK(has_example(operation.at("requestBody").at("content").at("application/json")));
    int good = 0;
    for (const auto& [status, answer] : operation.at("responses").items()) {
      if (status[0] == '1' || status[0] == '2') ++good;
      if (status[0] != '2' || name.ends_with("api.json")) continue;
      const auto& content = answer.at("content");
      if (content.contains("application/json")) CHECK(has_example(content.at("application/json")));
    }
    CHECK(good > 0);
    // Parameters of the path are those of the pattern.
    for (auto at = name.find('{'); at != std::string::npos; at = name.find('{', at + 1)) {
      const auto parameter = name.substr(at + 1, name.find('}', at) - at - 1);
      const auto given = operation.value("parameters", json::array());
      CHECK(std::any_of(given.begin(), given.end(), [&](const json& p) {
        return p.value("name", "") == parameter && p.at("in") == "path";
      }));
    }
  }
  CHECK(ids.size() > 40);
}

TEST_CASE("the descriptions are served as they are") {
  test::running_server server;
  test::raw_client client(server->port());
  for (const auto& [path, text] : {std::pair("/api/openapi.json", openapi_document()),
                                   std::pair("/api/asyncapi.json", asyncapi_document())}) {
    auto answer = client.ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(answer->status == 200);
    CHECK(answer->headers["content-type"] == "application/json");
    CHECK(answer->body == text);
  }
}
