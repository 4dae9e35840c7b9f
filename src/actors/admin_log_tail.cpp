// SPDX-License-Identifier: MIT
/// Lines of the nodes' logs, as they come. A console that follows asks again and again under a name
/// of its own; a node that is not asked for five seconds forgets it (telemetry/log_tap.hpp).

#include <algorithm>

#include "actors/admin.hpp"
#include "telemetry/log_tap.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t tail_default = 20;
constexpr std::size_t listener_chars_max = 64;
constexpr std::size_t grep_bytes_max = 256;

std::string text_in(const json& args, const char* name) {
  const auto it = args.find(name);
  return it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// What is wanted; else the sentence that says what is wrong.
struct tail_wish {
  telemetry::tap_filter filter;
  std::string from;
  std::string listener;  ///< empty: only what is kept
  std::size_t limit = tail_default;
  std::string wrong;
};

tail_wish tail_wish_in(const json& args) {
  tail_wish wish;
  for (const auto* name : {"level", "component", "grep", "from", "listener"}) {
    if (args.contains(name) && !args[name].is_string()) {
      wish.wrong = std::string(name) + " is a text";
      return wish;
    }
  }
  wish.filter.component = text_in(args, "component");
  wish.filter.text = text_in(args, "grep");
  wish.from = text_in(args, "from");
  if (const auto level = text_in(args, "level"); !level.empty()) {
    const auto known = telemetry::parse_log_level(level);
    if (!known || *known == spdlog::level::off) {
      wish.wrong = "level is one of trace, debug, info, warn, error";
      return wish;
    }
    wish.filter.level = *known;
  }
  if (wish.filter.text.size() > grep_bytes_max) {
    wish.wrong = "grep has at most " + std::to_string(grep_bytes_max) + " bytes";
    return wish;
  }
  if (const auto it = args.find("limit"); it != args.end()) {
    if (!it->is_number_unsigned() || it->get<std::uint64_t>() > telemetry::log_tap::kept_max) {
      wish.wrong = "limit is 0 to " + std::to_string(telemetry::log_tap::kept_max);
      return wish;
    }
    wish.limit = it->get<std::size_t>();
  }
  if (args.value("follow", false)) {
    wish.listener = text_in(args, "listener");
    if (wish.listener.empty() || wish.listener.size() > listener_chars_max) {
      wish.wrong = "listener: a name of one's own of 1 to 64 bytes, the same each time";
    }
  }
  return wish;
}

json row_of(const std::string& node, const telemetry::tapped_line& line) {
  return {{"time", format_time(line.time)},
          {"node", node},
          {"level", telemetry::name_of_log_level(line.level)},
          {"component", line.component},
          {"message", line.text}};
}

/// In the place where the lines are missing.
json row_of_dropped(const std::string& node, std::uint64_t dropped, const std::string& time) {
  return {{"time", time},
          {"node", node},
          {"level", "warn"},
          {"component", "console"},
          {"message", std::to_string(dropped) + " lines were dropped: they came too fast"},
          {"dropped", dropped}};
}

}  // namespace

void admin::tail_log(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto wish = tail_wish_in(args);
  if (!wish.wrong.empty()) {
    r.done(failure("usage", wish.wrong));
    return;
  }
  const auto& node = env_->config.node.name;
  const auto map = env_->board.routes()->map;
  const bool is_here = wish.from.empty() || wish.from == node;
  const auto is_wanted = [&](const placement::node_info& n) {
    return n.name == wish.from && placement::is_present(n.state);
  };
  if (!is_here && !r.local_only &&
      (!map || std::none_of(map->members.begin(), map->members.end(), is_wanted))) {
    r.done(failure("not_found", "there is no node " + wish.from));
    return;
  }
  listing what{.columns = {"time", "node", "level", "component", "message"}};
  auto& tap = telemetry::log_tap::instance();
  if (is_here && wish.listener.empty()) {
    for (const auto& line : tap.kept(wish.filter, wish.limit)) {
      what.own.push_back(row_of(node, line));
    }
  } else if (is_here) {
    const auto page = tap.read(wish.listener, wish.filter, wish.limit, clock::now());
    if (!page) {
      r.done(failure("refused", std::to_string(telemetry::log_tap::listeners_max) +
                                    " consoles follow the log of " + node + " already"));
      return;
    }
    if (page->dropped > 0) {
      const auto at = page->lines.empty() ? now_ms() : page->lines.front().time;
      what.own.push_back(row_of_dropped(node, page->dropped, format_time(at)));
    }
    for (const auto& line : page->lines) {
      what.own.push_back(row_of(node, line));
    }
  }
  if (!r.local_only) {
    what.shape = [limit = wish.limit, only_kept = wish.listener.empty()](gathering& g) {
      std::stable_sort(g.found.begin(), g.found.end(), [](const json& a, const json& b) {
        return a.value("time", "") < b.value("time", "");
      });
      if (only_kept && g.found.size() > limit) {
        g.found.erase(g.found.begin(), g.found.end() - static_cast<std::ptrdiff_t>(limit));
      }
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
