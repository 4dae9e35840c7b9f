// SPDX-License-Identifier: MIT
/// Moving a shard or a room: which rooms are in use there, and so go along, is in the answer.

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/foresight.hpp"
#include "actors/operations.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t named_max = 20;
/// A node that hangs keeps nobody from moving what it leads.
constexpr auto look_around_within = 1s;

/// "lobby, talk and 3 more"; of none: "none in use".
std::string names_of(const json& answer) {
  std::string out;
  std::size_t named = 0;
  const auto& rows = answer.at("rows");
  for (const auto& row : rows) {
    const auto alias = row.value("alias", "");
    if (++named <= named_max) {
      out += (named == 1 ? "" : ", ") + (alias.empty() ? row.value("id", "") : alias);
    }
  }
  const auto more = rows.size() - std::min(rows.size(), named_max) + answer.value("cut", 0U);
  return out.empty() ? "none in use"
         : more == 0 ? out
                     : out + " and " + std::to_string(more) + " more";
}

/// How many those are, in a rehearsal.
void put_in_use(json& row, std::size_t rooms) {
  const auto would = row.value("would", "");
  if (would.empty()) {
    return;
  }
  row["rooms_in_use"] = rooms;
  if (!would.starts_with("nothing")) {
    row["would"] =
        would + "; " + foresight::count_of(rooms, "room", "rooms") + " in use would go along";
  }
}

}  // namespace

void admin::move(const admin_request& r, const std::string& verb, const json& args,
                 clock::time_point deadline) {
  const auto map = env_->board.routes()->map;
  const auto shard = map ? shard_in_question(verb, args, *map) : std::nullopt;
  if (r.local_only || !shard) {
    change(r, verb, args, deadline);  // which says what is wrong
    return;
  }
  admin_request look;
  look.request = {{"verb", "rooms"},
                  {"args", {{"filter", "shard=" + std::to_string(*shard)}, {"limit", 1000}}}};
  look.done = answer_once([this, r, verb, args, deadline](const json& answer) {
    if (!answer.value("ok", false)) {
      r.done(answer);  // this actor ends
      return;
    }
    auto named = r;
    const auto in_use = answer.at("rows").size() + answer.value("cut", std::size_t{0});
    named.done = answer_once([done = r.done, rooms = names_of(answer), in_use](json moved) {
      if (moved.value("ok", false)) {
        moved["columns"].push_back("rooms");
        for (auto& row : moved["rows"]) {
          row["rooms"] = rooms;
          put_in_use(row, in_use);
        }
      }
      done(std::move(moved));
    });
    change(named, verb, args, deadline);
  });
  list_rooms(look, look.request["args"], std::min(deadline, clock::now() + look_around_within));
}

}  // namespace greenroom::actors
