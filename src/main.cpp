// SPDX-License-Identifier: MIT
/// greenroomd: reads the configuration, starts the node, waits for a signal, ends in good order.

#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "actors/process.hpp"
#include "config/command_line.hpp"
#include "config/descriptors.hpp"
#include "config/live.hpp"
#include "telemetry/log.hpp"

namespace {

using namespace greenroom;

telemetry::log_format format_of(const std::string& name) {
  if (name == "json") return telemetry::log_format::json;
  if (name == "text") return telemetry::log_format::text;
  return telemetry::log_format::automatic;
}

/// As many descriptors as the system allows: each client is one.
rlim_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  auto raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

/// Starts the node with as many connections as there are descriptors for.
expected<std::unique_ptr<actors::process>> start_node(settings values) {
  const auto limit = raise_file_limit();
  const auto plan =
      config::plan_descriptors(limit, values.limits.max_connections, values.http.io_threads);
  if (!plan) {
    return unexpected(plan.error());
  }
  if (plan->connections < values.limits.max_connections) {
    telemetry::log("main").warn(
        "limits.max_connections is lowered from {} to {}: only {} files can be open (ulimit -n)",
        values.limits.max_connections, plan->connections, limit);
    values.limits.max_connections = plan->connections;
  }
  return actors::process::start(values, *plan);
}

/// Signals are taken by sigtimedwait on the main thread alone; every other thread has them blocked.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

/// Waits for a signal that ends the node; reads the configuration again on SIGHUP. On a terminal
/// that one means that the terminal has gone.
int wait_for_signal(const sigset_t& signals, actors::process& node, bool on_terminal) {
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals, &info);
    if (signal == SIGHUP && !on_terminal) {
      node.reload(info.si_uid);
    } else if (signal > 0) {
      return signal;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  // Whatever is written is the owner's: passwords' hashes and messages are in it.
  umask(S_IRWXG | S_IRWXO);
  const auto start = config::parse_command_line(argc, argv);
  if (!start) {
    (start.error().code == 0 ? std::cout : std::cerr) << start.error().text << std::flush;
    return start.error().code;
  }
  const auto& settings = start->config.values;
  if (geteuid() == 0 && !start->allow_root) {
    std::cerr << "greenroomd does not run as root: start it as a user of its own, or say "
                 "--allow-root.\n";
    return 1;
  }
  if (sodium_init() < 0) {
    std::cerr << "libsodium cannot be initialised.\n";
    return 1;
  }
  config::remember_sources(start->from, settings);
  const bool on_terminal = isatty(STDERR_FILENO) == 1;
  const auto signals = block_signals();
  telemetry::start_logging(
      {settings.log.level, format_of(settings.log.format), settings.node.name});
  int code = 0;
  {
    auto node = start_node(settings);
    if (!node) {
      telemetry::log("main").critical("{}", node.error().message);
      code = 1;
    } else {
      const int signal = wait_for_signal(signals, **node, on_terminal);
      telemetry::log("main").info("stopping on signal {}; a second one ends at once", signal);
      // The default action comes back, so that the second one needs nobody's help.
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
      std::signal(SIGHUP, SIG_IGN);
      pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
      (*node)->stop();
    }
  }
  telemetry::stop_logging();
  return code;
}
