// SPDX-License-Identifier: MIT
#include "config/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "config/dump.hpp"

namespace greenroom::config {

namespace {

constexpr auto description = R"(greenroomd runs one node of a greenroom chat cluster.

Examples:
  greenroomd                                      one node on port 8080, data in ./greenroom-data
  greenroomd --config /etc/greenroom.toml         as the file says
  greenroomd --data /srv/chat --http-port 9000    another folder and port
  greenroomd --config n4.toml --seed host1:7001   joins the cluster of the node there
  greenroomd --set limits.messages_per_minute=0   any key of the configuration
  greenroomd --check-config --config FILE         check a file and the environment, start nothing
  greenroomd --default-config                     print every key with its default and meaning

Each key can also come from the environment: http.port is GREENROOM_HTTP_PORT.
SIGTERM and SIGINT stop the node in an orderly way, a second one at once. SIGHUP reads the
configuration again (on a terminal it stops the node).
)";

struct options {
  std::vector<std::string> configs;
  std::string data;
  std::string http_port;
  std::string node_name;
  std::string cluster_port;
  std::vector<std::string> seeds;
  std::vector<std::string> assignments;
  bool allow_root = false;
  bool check_config = false;
  bool default_config = false;
};

void declare(CLI::App& app, options& o) {
  app.add_option("--config", o.configs, "TOML file with settings; of several, later ones win")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--data", o.data, "folder for the node's data (node.data_dir)")->type_name("DIR");
  app.add_option("--http-port", o.http_port, "port for clients (http.port)")->type_name("PORT");
  app.add_option("--node-name", o.node_name, "name of the node (node.name)")->type_name("NAME");
  app.add_option("--cluster-port", o.cluster_port, "port for other nodes (cluster.port)")
      ->type_name("PORT");
  app.add_option("--seed", o.seeds,
                 "a node of the cluster to join (cluster.seeds); may be repeated")
      ->type_name("HOST:PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--set", o.assignments, "set any key; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--allow-root", o.allow_root, "start even as root");
  app.add_flag("--check-config", o.check_config, "check the settings and end");
  app.add_flag("--default-config", o.default_config, "print a file with all settings and end");
  app.set_version_flag("--version", "greenroomd " GREENROOM_VERSION);
}

/// The text is complete lines, so that it can be printed as it is.
tl::unexpected<early_exit> ending(int code, std::string text) {
  if (!text.ends_with('\n')) text += '\n';
  return tl::unexpected{early_exit{code, std::move(text)}};
}

tl::expected<std::vector<flag_value>, early_exit> flag_values(const CLI::App& app,
                                                              const options& o) {
  std::vector<flag_value> result;
  for (const auto& text : o.assignments) {
    auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return ending(2, fmt::format("--set {}: must be KEY=VALUE", text));
    }
    result.push_back({"--set " + text, text.substr(0, equals), text.substr(equals + 1)});
  }
  auto add = [&](const char* flag, const char* key, const std::string& value) {
    if (app.count(flag) > 0) result.push_back({flag, key, value});
  };
  add("--data", "node.data_dir", o.data);
  add("--http-port", "http.port", o.http_port);
  add("--node-name", "node.name", o.node_name);
  add("--cluster-port", "cluster.port", o.cluster_port);
  add("--seed", "cluster.seeds", fmt::format("{}", fmt::join(o.seeds, ",")));
  return result;
}

early_exit failure(const errors& errors) {
  std::string text;
  for (const auto& error : errors) {
    text += error + "\n";
  }
  return {1, text};
}

}  // namespace

tl::expected<startup, early_exit> parse_command_line(
    int argc, const char* const* argv, const std::map<std::string, std::string>& environment) {
  CLI::App app{description, "greenroomd"};
  options o;
  declare(app, o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return ending(0, app.help());
  } catch (const CLI::CallForVersion& version) {
    return ending(0, version.what());
  } catch (const CLI::ParseError& error) {
    return ending(2, fmt::format("{} (greenroomd --help lists the flags)", error.what()));
  }
  if (o.default_config) return ending(0, documented_toml());

  sources from;
  from.files = o.configs;
  from.environment = environment;
  auto flags = flag_values(app, o);
  if (!flags) return tl::unexpected{flags.error()};
  from.flags = std::move(*flags);

  auto config = load(from);
  if (!config) return tl::unexpected{failure(config.error())};
  errors errors;
  check_files(config->values, errors);
  if (!errors.empty()) return tl::unexpected{failure(errors)};
  if (o.check_config) {
    auto what = fmt::format("{}", fmt::join(from.files, ", "));
    return ending(
        0, fmt::format("{}: the configuration is valid", what.empty() ? "without a file" : what));
  }
  return startup{std::move(*config), std::move(from), o.allow_root};
}

}  // namespace greenroom::config
