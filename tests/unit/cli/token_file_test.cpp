// SPDX-License-Identifier: MIT
#include "cli/token_file.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "support/temporary_folder.hpp"

using greenroom::cli::token_file;

namespace {

struct folder {
  greenroom::test::temporary_folder own;
  const std::filesystem::path& path = own.path();
};

mode_t mode_of(const std::filesystem::path& path) {
  struct stat s {};
  REQUIRE(::stat(path.c_str(), &s) == 0);
  return s.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a token is kept for its owner alone, and the process's umask is left as it is") {
  const folder home;
  const auto before = ::umask(0);
  const auto path = home.path / "state" / "greenroom" / "x.token";
  token_file f(path, [](const std::string& why) { FAIL(why); });
  CHECK(f.open().empty());
  f.close("first");
  CHECK(::umask(before) == 0);
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(path.parent_path()) == 0700);
  CHECK(token_file(path, nullptr).open() == "first");
}

TEST_CASE("only the token that was refused is dropped") {
  const folder home;
  const auto path = home.path / "greenroom" / "x.token";
  token_file f(path, nullptr);
  f.open();
  f.close("newer");
  f.drop("older");
  CHECK(f.read() == "newer");
  f.drop("newer");
  CHECK(f.read().empty());
}

TEST_CASE("a token that cannot be kept is told, and the spent one does not stay") {
  const folder home;
  const auto path = home.path / "greenroom" / "x.token";
  std::string told;
  token_file f(path, [&](const std::string& why) { told = why; });
  std::filesystem::create_directories(path);  // something that no rename replaces
  f.open();
  f.close("next");
  CHECK(told.find("x.token") != std::string::npos);
}

TEST_CASE("the file is named after node and person, and stays in its folder") {
  ::setenv("XDG_STATE_HOME", "/state", 1);
  CHECK(greenroom::cli::token_path("127.0.0.1:8080", "alice") ==
        "/state/greenroom/127.0.0.1_8080-alice.token");
  CHECK(greenroom::cli::token_path("h:1", "../../x") == "/state/greenroom/h_1-.._.._x.token");
  ::unsetenv("XDG_STATE_HOME");
}
