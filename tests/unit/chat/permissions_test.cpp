// SPDX-License-Identifier: MIT

// Who may do what, read from the table that people read: docs/protocol.md, section 3.3.

#include <fstream>
#include <map>
#include <sstream>

#include "chat/permissions.hpp"
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// Action → column → may.
using manual = std::map<std::string, std::map<std::string, bool>>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');)
    all.push_back(cell.substr(1, cell.size() - 2));
  return all;
}

manual read_manual() {
  std::ifstream file(GREENROOM_SOURCE_DIR "/docs/protocol.md");
  manual all;
  std::vector<std::string> head;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| action | none |")) {
      head = cells(line);
      std::getline(file, line);  // the rule below the head
      continue;
    }
    if (head.empty()) continue;
    if (!line.starts_with("| `")) break;
    const auto row = cells(line);
    REQUIRE(row.size() == head.size());
    const auto name = row[0].substr(1, row[0].find('`', 1) - 1);
    for (std::size_t i = 1; i < row.size(); ++i) {
      REQUIRE((row[i] == "●" || row[i] == "–"));
      all[name][head[i]] = row[i] == "●";
    }
  }
  return all;
}

room room_of(room_type type, bool archived = false) {
  room r;
  r.type = type;
  r.archived = archived;
  return r;
}

const std::map<std::string, person>& people() {
  using enum member_role;
  constexpr auto inside = membership::member;
  static const std::map<std::string, person> all{
      {"none", {membership::none}},
      {"banned", {membership::banned}},
      {"invited", {membership::invited}},
      {"guest", {inside, guest}},
      {"member", {inside, member_role::member}},
      {"moderator", {inside, moderator}},
      {"admin", {inside, admin}},
      {"owner", {inside, owner}},
      {"server", {membership::none, guest, user_role::admin}},
  };
  return all;
}

/// Whether somebody who is no member knows of a room that is not public.
bool is_let_in_on(const std::string& who) {
  return who != "none" && who != "banned";
}

ec code(const std::optional<error>& e) {
  REQUIRE(e.has_value());
  return e->code;
}

}  // namespace

TEST_CASE("the manual has every action", "[chat][permissions]") {
  const auto table = read_manual();
  CHECK(table.size() == permissions().size());
  for (const auto& p : permissions()) {
    INFO(p.name);
    CHECK(table.contains(std::string(p.name)));
  }
}

TEST_CASE("everybody may what the manual says, in every kind of room", "[chat][permissions]") {
  auto table = read_manual();
  for (const auto& p : permissions()) {
    for (const auto& [name, who] : people()) {
      INFO(name << " " << p.name);
      auto& row = table[std::string(p.name)];
      const bool says = row[name];
      const auto in_public = may(p.what, room_of(room_type::open), who);
      CHECK(!in_public == (says || (name == "server" && row["none"])));
      if (in_public) CHECK(in_public->code == ec::forbidden);

      const auto in_group = may(p.what, room_of(room_type::group), who);
      CHECK(!in_group == (says && is_let_in_on(name)));
      if (in_group)
        CHECK(in_group->code == (is_let_in_on(name) ? ec::forbidden : ec::room_not_found));
    }
  }
}

TEST_CASE("in direct rooms both may what there is", "[chat][permissions]") {
  auto table = read_manual();
  const auto r = room_of(room_type::direct);
  for (const auto& p : permissions()) {
    INFO(p.name);
    const auto inside = may(p.what, r, people().at("member"));
    CHECK(!inside == table[std::string(p.name)]["direct"]);
    if (inside) CHECK(inside->code == ec::conflict);
    CHECK(code(may(p.what, r, people().at("none"))) == ec::room_not_found);
    CHECK(code(may(p.what, r, people().at("server"))) == ec::room_not_found);
  }
}

TEST_CASE("an archived room rules some things out, a deleted one everything",
          "[chat][permissions]") {
  auto table = read_manual();
  for (const auto& p : permissions()) {
    INFO(p.name);
    const auto archived = may(p.what, room_of(room_type::open, true), people().at("owner"));
    CHECK(!archived == table[std::string(p.name)]["archived"]);
    if (archived) CHECK(archived->code == ec::conflict);
    auto gone = room_of(room_type::open);
    gone.deleted = true;
    for (const auto& [name, who] : people())
      CHECK(code(may(p.what, gone, who)) == ec::room_not_found);
  }
}

TEST_CASE("where everybody is, nobody decides who is in it", "[chat][permissions]") {
  auto table = read_manual();
  auto r = room_of(room_type::open);
  r.everybody = true;
  for (const auto& p : permissions()) {
    INFO(p.name);
    for (const auto* name : {"owner", "server"}) {
      const auto refused = may(p.what, r, people().at(name));
      const auto there_is = table[std::string(p.name)]["everybody"];
      CHECK((refused && refused->code == ec::conflict) == !there_is);
    }
  }
}

TEST_CASE("bots have the rights of their role, admins of the server those of both",
          "[chat][permissions]") {
  for (const auto& p : permissions()) {
    for (const auto& [name, who] : people()) {
      INFO(name << " " << p.name);
      auto bot = who;
      bot.account = who.account == user_role::admin ? user_role::admin : user_role::bot;
      const auto r = room_of(room_type::group);
      CHECK(may(p.what, r, bot).has_value() == may(p.what, r, who).has_value());
      auto both = who;
      both.account = user_role::admin;
      const bool either = !may(p.what, r, who) || !may(p.what, r, people().at("server"));
      CHECK(!may(p.what, r, both) == either);
    }
  }
}

TEST_CASE("nobody acts on one of equal or higher rank", "[chat][permissions]") {
  const std::vector<std::string> by_rank{"none", "guest", "member", "moderator", "admin", "owner"};
  for (std::size_t i = 0; i < by_rank.size(); ++i) {
    for (std::size_t k = 0; k < by_rank.size(); ++k) {
      INFO(by_rank[i] << " on " << by_rank[k]);
      const auto no = may_act_on(people().at(by_rank[i]), people().at(by_rank[k]));
      CHECK(!no == (i > k));
      if (no) CHECK(no->details.field == "user_id");
    }
    CHECK_FALSE(may_act_on(people().at("server"), people().at(by_rank[i])));
  }
}

TEST_CASE("roles that are given are below one's own, and owners give any", "[chat][permissions]") {
  using enum member_role;
  const std::vector<std::string> givers{"guest", "member", "moderator", "admin", "owner", "server"};
  for (std::size_t i = 0; i < givers.size(); ++i) {
    for (const auto role : {guest, member_role::member, moderator, admin, owner}) {
      INFO(givers[i] << " gives " << static_cast<int>(role));
      const bool may = i >= 4 || static_cast<std::size_t>(role) < i;
      const auto no = may_give(people().at(givers[i]), role);
      CHECK(!no == may);
      if (no) CHECK(no->details.field == "role");
    }
  }
}

}  // namespace greenroom::chat::test
