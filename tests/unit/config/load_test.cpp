// SPDX-License-Identifier: MIT
#include "config/load.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/table.hpp"
#include "config/values.hpp"

using namespace greenroom;
using namespace greenroom::config;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

// A file that is gone with the test.
class file {
 public:
  explicit file(const std::string& text) {
    char name[] = "/tmp/greenroom-config-XXXXXX";
    REQUIRE(::close(::mkstemp(name)) == 0);
    path_ = name;
    std::ofstream{path_} << text;
  }
  ~file() { std::filesystem::remove(path_); }
  file(const file&) = delete;
  file& operator=(const file&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The one error that loading ends with.
std::string error_of(const sources& from) {
  auto result = load(from);
  REQUIRE_FALSE(result);
  REQUIRE(result.error().size() == 1);
  return result.error().front();
}

std::string error_of_file(const std::string& text) {
  file f{text};
  sources from;
  from.files = {f.path()};
  auto error = error_of(from);
  REQUIRE_THAT(error, Catch::Matchers::StartsWith(f.path() + ":"));
  return error.substr(f.path().size() + 1);
}

std::string error_of_set(const std::string& key, const std::string& value) {
  sources from;
  from.flags = {{"--set", key, value}};
  return error_of(from);
}

}  // namespace

TEST_CASE("without any source all is as the defaults say") {
  auto result = load({});
  REQUIRE(result);
  CHECK(result->values.http.port == 8080);
  CHECK(result->origins.at("http.port") == "default");
  CHECK(result->origins.size() == keys().size());
}

TEST_CASE("flags beat the environment, which beats the file, which beats the defaults") {
  file f{"[http]\nport = 1\nio_threads = 2\n\n[history]\npage = 3\nmax_page = 150\n"};
  sources from;
  from.files = {f.path()};
  from.environment = {{"GREENROOM_HTTP_PORT", "11"}, {"GREENROOM_HISTORY_PAGE", "12"}};
  from.flags = {{"--http-port", "http.port", "111"}};
  auto result = load(from);
  REQUIRE(result);
  CHECK(result->values.http.port == 111);
  CHECK(result->origins.at("http.port") == "flag --http-port");
  CHECK(result->values.history.page == 12);
  CHECK(result->origins.at("history.page") == "environment GREENROOM_HISTORY_PAGE");
  CHECK(result->values.http.io_threads == 2);
  CHECK(result->origins.at("http.io_threads") == "file " + f.path() + ":3");
  CHECK(result->values.http.max_header_bytes == 8192);
}

TEST_CASE("a file with nothing in it is one") {
  file f{""};
  sources from;
  from.files = {f.path()};
  CHECK(load(from));
}

TEST_CASE("of several files the later one wins, key by key") {
  file shared{"[http]\nport = 1\nio_threads = 2\n"};
  file own{"[http]\nport = 3\n"};
  sources from;
  from.files = {shared.path(), own.path()};
  auto result = load(from);
  REQUIRE(result);
  CHECK(result->values.http.port == 3);
  CHECK(result->values.http.io_threads == 2);
  CHECK(result->origins.at("http.port") == "file " + own.path() + ":2");
}

TEST_CASE("each key can be set by its variable") {
  for (const auto& k : keys()) {
    INFO(k.name);
    settings s;
    auto value = is_number(k) ? std::to_string(k.max) : std::string{"one"};
    if (is_switch(k)) value = "true";
    if (!k.choices.empty()) value = std::string{k.choices.substr(k.choices.rfind('|') + 1)};
    CHECK_FALSE(set_from_text(s, k, value));
    CHECK_THAT(toml_value(s, k), Contains(value));
  }
}

TEST_CASE("a list comes from the file as an array and from the environment with commas") {
  file f{"[http]\nallowed_origins = [\"https://a\", \"https://b\"]\n"};
  sources from;
  from.files = {f.path()};
  CHECK(load(from)->values.http.allowed_origins ==
        std::vector<std::string>{"https://a", "https://b"});
  from.environment = {{"GREENROOM_HTTP_ALLOWED_ORIGINS", "https://c,https://d"}};
  CHECK(load(from)->values.http.allowed_origins ==
        std::vector<std::string>{"https://c", "https://d"});
}

TEST_CASE("an unknown name is an error with its line and the nearest name") {
  CHECK(error_of_file("[http]\n\nprot = 1\n") ==
        "3: the key http.prot is not known, did you mean http.port?");
  CHECK(error_of_file("[htpp]\nport = 1\n") ==
        "1: the section htpp is not known, did you mean http?");
  CHECK_THAT(error_of_file("port = 1\n"), Contains("1: the key port is not known"));
  CHECK_THAT(error_of_file("[http.port]\nx = 1\n"), Contains("http.port must be a whole number"));
  sources from;
  from.environment = {{"GREENROOM_HTTP_PROT", "1"}};
  CHECK(error_of(from) ==
        "environment: GREENROOM_HTTP_PROT is not known, did you mean GREENROOM_HTTP_PORT?");
  CHECK(error_of_set("http.prot", "1") ==
        "--set: the key http.prot is not known, did you mean http.port?");
}

TEST_CASE("variables of other programs are none of the node's business") {
  sources from;
  from.environment = {{"HOME", "/root"}, {"GREENROOM_TOKEN", "x"}, {"GREENROOM_BIN_DIR", "/b"}};
  CHECK(load(from));
}

TEST_CASE("broken TOML is an error with line and column") {
  CHECK_THAT(error_of_file("[http]\nport = = 1\n"), Contains("2:"));
  CHECK_THAT(error_of_file("[http]\nport = 1\nport = 2\n"), Contains("3:"));
}

TEST_CASE("a missing file is an error with its name") {
  sources from;
  from.files = {"/nonexistent/greenroom.toml"};
  CHECK(error_of(from) == "/nonexistent/greenroom.toml: cannot be read");
  from.files = {"/tmp"};  // a folder opens and does not read
  CHECK(error_of(from) == "/tmp: is a folder, not a file");
}

TEST_CASE("a wrong type is an error with key and value") {
  CHECK(error_of_file("[http]\nport = \"x\"\n") ==
        "2: http.port must be a whole number, not the text \"x\"");
  CHECK_THAT(error_of_file("[http]\nport = 1.5\n"), EndsWith("http.port must be a whole number"));
  CHECK(error_of_file("[http]\nport = true\n") == "2: http.port must be a whole number, not true");
  CHECK_THAT(error_of_file("[chaos]\nenabled = 1\n"), Contains("must be true or false"));
  CHECK_THAT(error_of_set("chaos.enabled", "yes"), Contains("must be true or false"));
  CHECK(error_of_file("[http]\naddress = 5\n") ==
        "2: http.address must be a text, not the number 5");
  CHECK_THAT(error_of_file("[cluster]\nseeds = [1]\n"), EndsWith("must be a list of texts"));
  CHECK(error_of_set("http.port", "80a") == "--set: http.port must be a whole number, not \"80a\"");
  CHECK(error_of_set("http.port", "") == "--set: http.port must be a whole number, not \"\"");
}

TEST_CASE("a value out of range is an error with key, value and limit") {
  CHECK(error_of_set("http.port", "65536") == "--set: http.port is 65536, the most is 65535");
  CHECK(error_of_set("http.io_threads", "0") ==
        "--set: http.io_threads is 0, the least is 1 threads");
  CHECK(error_of_set("http.port", "99999999999999999999") ==
        "--set: http.port is 99999999999999999999, the most is 65535");
  CHECK(error_of_set("http.io_threads", "-1") ==
        "--set: http.io_threads is -1, the least is 1 threads");
  CHECK(error_of_set("log.durability", "none") ==
        "--set: log.durability is \"none\", and must be one of: fsync os");
  CHECK_THAT(error_of_set("node.name", "a b"), Contains("node.name is \"a b\""));
  CHECK_THAT(error_of_set("node.name", ""), Contains("node.name is \"\""));
}

TEST_CASE("all errors of all sources are reported together") {
  file f{"[http]\nprot = 1\nport = 70000\n"};
  sources from;
  from.files = {f.path()};
  from.environment = {{"GREENROOM_X", ""}};
  from.flags = {{"--set", "history.page", "x"}};
  auto result = load(from);
  REQUIRE_FALSE(result);
  CHECK(result.error().size() == 4);
}

TEST_CASE("the mistakes of a file are reported in the order of its lines") {
  file f{"[rooms]\nx = 1\n[http]\nport = 70000\naddress = 1\n[admin]\nx = 1\n[y]\n"};
  sources from;
  from.files = {f.path()};
  auto result = load(from);
  REQUIRE_FALSE(result);
  std::string lines;
  for (const auto& e : result.error()) {
    lines += e.substr(f.path().size(), 3);
  }
  CHECK(lines == ":2::4::5::7::8:");
}

TEST_CASE("the same key by two flags is an error") {
  sources from;
  from.flags = {{"--set http.port=1", "http.port", "1"}, {"--http-port", "http.port", "2"}};
  CHECK(error_of(from) == "--http-port: http.port was already set by flag --set http.port=1");
}

TEST_CASE("relations between keys are checked") {
  sources from;
  SECTION("a cluster port needs the three files") {
    from.flags = {{"--set", "cluster.port", "7000"},
                  {"--set", "cluster.key", "k"},
                  {"--set", "cluster.ca", "c"}};
    CHECK_THAT(error_of(from), Contains("needs cluster.certificate"));
  }
  SECTION("initial nodes need a cluster port") {
    from.flags = {{"--set", "cluster.initial_nodes", "a:1"}};
    CHECK(error_of(from) == "cluster.initial_nodes is set, which needs a cluster.port");
  }
  SECTION("seeds need a cluster port") {
    from.flags = {{"--set", "cluster.seeds", "a:1"}};
    CHECK(error_of(from) == "cluster.seeds is set, which needs a cluster.port");
  }
  SECTION("a part has an odd number of copies, up to five") {
    for (const auto* wrong : {"0", "2", "4", "6"}) {
      INFO(wrong);
      CHECK_THAT(error_of_set("cluster.replicas", wrong), Contains("cluster.replicas"));
    }
    for (const auto* right : {"1", "3", "5"}) {
      INFO(right);
      from.flags = {{"--set", "cluster.replicas", right}};
      CHECK(load(from));
    }
  }
  SECTION("addresses have a port") {
    for (const auto* wrong : {"a", ":1", "a:", "a:0", "a:65536", "a:1x", "::1:5", "999.1.1.1:5",
                              "1.2.3:5", "[::g]:5", "[]:5", "a b:5", "a/b:5"}) {
      INFO(wrong);
      from.flags = {{"--set", "cluster.advertise", wrong}};
      CHECK_THAT(error_of(from), Contains("is not of the form host:port"));
    }
    for (const auto* right : {"[::1]:5", "1.2.3.4:5", "node-1.example.org:5", "localhost:5"}) {
      INFO(right);
      from.flags = {{"--set", "cluster.advertise", right}};
      CHECK(load(from));
    }
  }
  SECTION("clients are served on an IP address, nodes on one or a name") {
    for (const auto* wrong : {"999.1.1.1", "1.2.3", "::g", "localhost", "127.0.0.1:80"}) {
      INFO(wrong);
      CHECK_THAT(error_of_set("http.address", wrong), Contains("must be an IP address"));
    }
    for (const auto* wrong : {"999.1.1.1", "::g", "a b", "127.0.0.1:80"}) {
      INFO(wrong);
      CHECK_THAT(error_of_set("cluster.address", wrong), Contains("an IP address or a name"));
    }
    from.flags = {{"--set", "http.address", "::1"}, {"--set", "cluster.address", "localhost"}};
    CHECK(load(from));
  }
  SECTION("a page fits the largest page") {
    from.flags = {{"--set", "history.page", "60"}, {"--set", "history.max_page", "50"}};
    CHECK(error_of(from) == "history.page is 60, the most is history.max_page (50)");
  }
  SECTION("a peer gets the time of two heartbeats") {
    from.flags = {{"--set", "cluster.heartbeat_ms", "1500"}};
    CHECK_THAT(error_of(from), Contains("at least twice"));
  }
  SECTION("every transfer gets a share of the rate") {
    from.flags = {{"--set", "cluster.transfers_at_once", "5"},
                  {"--set", "cluster.transfer_bytes_per_second", "163839"}};
    CHECK(error_of(from) ==
          "cluster.transfer_bytes_per_second is 163839, and must be 0 (no limit) or at least "
          "163840: 32768 for each of cluster.transfers_at_once (5)");
    from.flags.back().value = "163840";
    CHECK(load(from));
    from.flags.back().value = "0";
    CHECK(load(from));
  }
  SECTION("the largest message fits the queue") {
    from.flags = {{"--set", "limits.outbound_queue_bytes", "65536"}};
    CHECK_THAT(error_of(from), Contains("the least is websocket.max_message_bytes"));
  }
  SECTION("the largest body fits what may arrive at once") {
    from.flags = {{"--set", "limits.inbound_bytes", "2000000"},
                  {"--set", "http.max_body_bytes", "2000001"}};
    CHECK_THAT(error_of(from), Contains("one message or body may have 2000001"));
  }
  SECTION("two listeners need two ports") {
    from.flags = {{"--set", "cluster.port", "8080"},
                  {"--set", "cluster.certificate", "x"},
                  {"--set", "cluster.key", "k"},
                  {"--set", "cluster.ca", "c"}};
    CHECK(error_of(from) == "http.port and cluster.port are both 8080");
  }
  SECTION("the listener for the binary framing needs its own address and port") {
    for (const auto* wrong : {"9080", "127.0.0.1", "localhost:9080", ":9080", "127.0.0.1:x"}) {
      INFO(wrong);
      CHECK_THAT(error_of_set("tcp.listen", wrong), Contains("must be an IP address and a port"));
    }
    CHECK(error_of_set("tcp.listen", "127.0.0.1:8080") ==
          "http.port and the port of tcp.listen are both 8080");
    for (const auto* right : {"", "127.0.0.1:0", "127.0.0.1:9080", "[::1]:8080"}) {
      INFO(right);
      from.flags = {{"--set", "tcp.listen", right}};
      CHECK(load(from)->values.tcp.listen == right);
    }
    from.flags = {{"--set", "http.port", "0"}, {"--set", "tcp.listen", "127.0.0.1:0"}};
    CHECK(load(from));  // two free ones
    from.flags = {{"--set", "tcp.listen", "127.0.0.1:7000"},
                  {"--set", "cluster.port", "7000"},
                  {"--set", "cluster.certificate", "x"},
                  {"--set", "cluster.key", "k"},
                  {"--set", "cluster.ca", "c"}};
    CHECK(error_of(from) == "cluster.port and the port of tcp.listen are both 7000");
  }
}

TEST_CASE("paths become absolute, and what follows from other keys is filled in") {
  sources from;
  from.flags = {{"--data", "node.data_dir", "d/../e"},
                {"--set", "cluster.port", "7000"},
                {"--set", "cluster.certificate", "x"},
                {"--set", "cluster.key", "/k"},
                {"--set", "cluster.ca", "c"}};
  auto s = load(from).value().values;
  auto here = std::filesystem::current_path().string();
  CHECK(s.node.data_dir == here + "/e");
  CHECK(s.admin.socket == here + "/e/admin.sock");
  CHECK(s.cluster.certificate == here + "/x");
  CHECK(s.cluster.key == "/k");
  CHECK(s.cluster.advertise == "127.0.0.1:7000");
  CHECK(load({})->values.cluster.certificate.empty());
}
