// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom bench`: loads a node as many clients do, and says what that was like for them. The
/// generator is src/load; bench_options is the command line, bench_output what is shown.

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cli/exit_code.hpp"
#include "load/json_line.hpp"
#include "load/options.hpp"

namespace CLI {
class App;
}

namespace greenroom::cli {

struct bench_options {
  std::string node = "127.0.0.1:8080";  ///< host:port; with `tcp` the port of tcp.listen
  bool tcp = false;
  bool msgpack = false;
  bool as_json = false;
  std::string user;       ///< accounts are called so, with a number; empty: bench
  console_options admin;  ///< where tokens are issued
  load::load_options load;
};

CLI::App* add_bench(CLI::App& program, bench_options& o);
/// How many clients there are: as many tokens are needed, and one for who makes the rooms.
std::size_t connections_of(const load::load_options& o);
exit_code run_bench(const bench_options& o);

/// For a person: what came of it, at which latency, at whose expense, and what was the limit.
void show_bench(std::ostream& out, const load::json_line& figures, bool closed_loop);

}  // namespace greenroom::cli
