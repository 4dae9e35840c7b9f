// SPDX-License-Identifier: MIT
/// The way of messages over all nodes, in the time of the node that is asked. A console asks again
/// and again, as with `log tail`; what happens meanwhile each node keeps (message_trace.hpp).

#include <algorithm>
#include <utility>

#include "actors/admin.hpp"
#include "actors/admin_args.hpp"
#include "actors/message_trace.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t tracer_chars_max = 64;
/// A better guess of a node's clock than one that took longer, for so long.
constexpr auto guess_holds = 10s;

std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::string text_in(const json& args, const char* name) {
  const auto it = args.find(name);
  return it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// Between 1 and `most`; without the argument what is there.
bool take_number(const json& args, const char* name, std::size_t most, std::size_t& to) {
  const auto it = args.find(name);
  if (it == args.end()) {
    return true;
  }
  if (!it->is_number_unsigned() || *it < 1U || *it > most) {
    return false;
  }
  to = it->get<std::size_t>();
  return true;
}

}  // namespace

expected<trace_wish> admin::wish_in(const json& args) const {
  trace_wish wish;
  if (const auto called = text_in(args, "room"); !called.empty()) {
    const auto parsed = uuid::parse(called);
    wish.room = parsed ? *parsed : room_id_of_alias(called);
  }
  const auto user = user_in(args);
  if (!user) {
    return tl::unexpected(user.error());
  }
  wish.user = *user;
  if (const auto id = text_in(args, "message"); !id.empty()) {
    const auto parsed = uuid::parse(id);
    if (!parsed) {
      return invalid_field("message", "message: the message_id that the client gives it, a UUID");
    }
    wish.message = *parsed;
  }
  if (const auto it = args.find("shard"); it != args.end()) {
    const auto map = env_->board.routes()->map;
    const auto shards = map ? map->shard_count : std::uint16_t{0};
    if (!it->is_number_unsigned() || *it < 1U || *it > shards) {
      return invalid_field("shard", "shard is 1 to " + std::to_string(shards) +
                                        ": no messages go through the cluster map, which is 0");
    }
    wish.of_rooms = [shards, wanted = it->get<std::uint16_t>()](const uuid& room) {
      return placement::shard_of(room, shards) == wanted;
    };
  }
  if (const auto from = text_in(args, "connection"); !from.empty()) {
    wish.connection = id_here(from).value_or(0);
  }
  if (!wish.room && !wish.user && !wish.message && !wish.of_rooms) {
    return invalid_field("room", "room, user, message or shard: which messages");
  }
  std::size_t seconds = static_cast<std::size_t>(wish.time.count());
  if (!take_number(args, "limit", message_trace::messages_max, wish.messages)) {
    return invalid_field("limit", "limit is 1 to " + std::to_string(message_trace::messages_max));
  }
  if (!take_number(args, "seconds", message_trace::time_max.count(), seconds)) {
    return invalid_field("seconds",
                         "seconds is 1 to " + std::to_string(message_trace::time_max.count()));
  }
  wish.time = std::chrono::seconds(seconds);
  return wish;
}

json admin::as_row(const traced_hop& h) const {
  return {{"message", h.message.str()},
          {"user", h.user.str()},
          {"room", h.room.str()},
          {"hop", to_string(h.at)},
          {"node", env_->config.node.name},
          {"time_us", h.time_us},
          {"clock_error_us", 0},
          {"receivers", h.at == hop::out ? json(h.receivers) : json()},
          {"connection", h.connection != 0 ? json(here(h.connection)) : json()}};
}

/// Another node's clock is this one's and so much, if its answer took as long as the question. Of
/// several guesses the one with the shortest way is the best.
void admin::put_into_own_time(rows& theirs, clock::time_point asked) {
  const auto its = std::find_if(theirs.begin(), theirs.end(), [](const json& row) {
    return row.contains("clock_us") && row["clock_us"].is_number_integer();
  });
  if (its == theirs.end()) {
    return;
  }
  const auto now = clock::now();
  const auto way_us = std::chrono::duration_cast<std::chrono::microseconds>(now - asked).count();
  const clock_guess fresh{(*its)["clock_us"].get<std::int64_t>() - (wall_us() - way_us / 2), way_us,
                          now};
  auto& best = clocks_[its->value("node", "")];
  if (best.at == clock::time_point{} || fresh.way_us <= best.way_us ||
      now - best.at > guess_holds) {
    best = fresh;
  }
  theirs.erase(its);
  for (auto& row : theirs) {
    if (!row.contains("hop")) {
      continue;
    }
    row["time_us"] = row.value("time_us", std::int64_t{0}) - best.offset_us;
    row["clock_error_us"] = best.way_us / 2;
  }
}

void admin::trace_messages(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto wish = wish_in(args);
  if (!wish) {
    r.done(failure("usage", wish.error().message));
    return;
  }
  const auto tracer = text_in(args, "tracer");
  if (tracer.empty() || tracer.size() > tracer_chars_max) {
    r.done(failure("usage", "tracer: a name of one's own of 1 to 64 bytes, the same each time"));
    return;
  }
  if (args.contains("end")) {
    message_trace::instance().end(tracer, clock::now());
    gather(r, deadline, {});
    return;
  }
  const auto& node = env_->config.node.name;
  const auto page = message_trace::instance().read(tracer, *wish, clock::now());
  if (!page) {
    r.done(failure("refused", std::to_string(message_trace::traces_max) + " consoles trace on " +
                                  node + " already"));
    return;
  }
  listing what{.columns = {"message", "hop", "node", "time_us", "receivers"}};
  for (const auto& h : page->hops) {
    what.own.push_back(as_row(h));
  }
  if (page->dropped > 0) {
    what.own.push_back({{"node", node}, {"dropped", page->dropped}});
  }
  if (page->began && wish->message) {
    what.own = written_here(*wish->message);
  } else if (page->began && (wish->room || wish->user)) {
    what.own.push_back(known_here(wish->room, wish->user));
  }
  if (r.local_only) {
    what.own.push_back({{"node", node}, {"clock_us", wall_us()}});
  } else {
    what.arrived = [this, asked = clock::now()](rows& theirs) { put_into_own_time(theirs, asked); };
    what.shape = [this, args, tracer](gathering& g) {
      look_back(g, args);
      const bool is_past =
          std::ranges::any_of(g.found, [](const json& row) { return row.contains("past"); });
      if (is_past || !g.refusal.is_null()) {
        // Nobody will ask for more, and the other nodes have begun it as well.
        message_trace::instance().end(tracer, clock::now());
        auto over = args;
        over["end"] = true;
        gather({{"verb", "trace message"}, {"args", std::move(over)}}, answer_once([](json) {}),
               false, clock::now() + 1s, {});
      }
      std::stable_sort(g.found.begin(), g.found.end(), [](const json& a, const json& b) {
        return a.value("time_us", std::int64_t{0}) < b.value("time_us", std::int64_t{0});
      });
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
