// SPDX-License-Identifier: MIT
#include "chat/rules.hpp"
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// anna with a password, an address and three sessions: 1, 2 and 3.
struct account_world : world {
  account_world() {
    auto r = registration("anna", 1, "anna@example.org");
    r.account.password_hash = "old";
    r.first_session.id = id(1);
    as<session_granted>(run(r));
    as<session_granted>(run(open_session{session_of("anna", 2, 2)}));
    as<session_granted>(run(open_session{session_of("anna", 3, 3)}));
  }
  user anna() const { return *s.find_user(user_id_of("anna")); }
  chat::change_password password(const std::string& verified, const std::string& wanted,
                                 std::uint64_t message_id = 0) const {
    return {from("anna", message_id), id(2), verified, wanted};
  }
  chat::update_profile profile(std::optional<std::string> name,
                               std::optional<std::string> email = std::nullopt,
                               std::uint64_t message_id = 0) const {
    chat::update_profile cmd{from("anna", message_id), {}};
    cmd.what.display_name = std::move(name);
    cmd.what.email = std::move(email);
    return cmd;
  }
  chat::close_account close(chat::close_account::what how) const {
    return {{}, user_id_of("anna"), how, true};
  }
  bool is_open(std::uint64_t n) const {
    const auto found = s.find_session(user_id_of("anna"), id(n));
    return found && !found->revoked;
  }
};

using kind = outbox_item::what;
using how = chat::close_account::what;

}  // namespace

TEST_CASE("another password ends all sessions but the one that said it", "[chat][profile]") {
  account_world w;
  const auto o = w.run(w.password("old", "new"));
  CHECK(as<sessions_revoked>(o).session_ids == std::vector{id(1), id(3)});
  CHECK(o.revoked == std::vector{id(1), id(3)});
  CHECK(w.anna().password_hash == "new");
  CHECK(w.is_open(2));
  CHECK_FALSE(w.is_open(1));
}

TEST_CASE("a password that was verified before another change is refused", "[chat][profile]") {
  account_world w;
  w.run(w.password("old", "new"));
  CHECK(refused(w.run(w.password("old", "newer"))) == ec::invalid_credentials);
  CHECK(refused(w.run(w.password("", "newer"))) == ec::invalid_credentials);
  CHECK(refused(w.run(w.password("new", ""))) == ec::invalid_credentials);
  CHECK(w.anna().password_hash == "new");
}

TEST_CASE("a repeated change of the password changes nothing", "[chat][profile]") {
  account_world w;
  w.run(w.password("old", "new", 9));
  as<session_granted>(w.run(open_session{w.session_of("anna", 4, 4)}));
  const auto o = w.run(w.password("", "", 9));
  CHECK(o.duplicate);
  CHECK(as<sessions_revoked>(o).session_ids.empty());
  CHECK(w.is_open(4));
  CHECK(w.anna().password_hash == "new");
}

TEST_CASE("what a profile request leaves out stays", "[chat][profile]") {
  account_world w;
  const auto changed = as<account_changed>(w.run(w.profile("Anna B.")));
  CHECK(changed.account.display_name == "Anna B.");
  CHECK(w.anna().email == "anna@example.org");
  w.run(w.profile(""));
  CHECK(w.anna().display_name == "anna");
}

TEST_CASE("another address releases the one before", "[chat][profile]") {
  account_world w;
  const auto o = w.run(w.profile({}, "b@example.org"));
  REQUIRE(o.outbox.size() == 2);
  CHECK(o.outbox[0].kind == kind::release_email);
  CHECK(o.outbox[0].target == email_id_of("anna@example.org"));
  CHECK(o.outbox[1].kind == kind::confirm_email);
  CHECK(o.outbox[1].target == email_id_of("b@example.org"));
  CHECK(w.run(w.profile({}, "B@Example.org")).outbox.empty());
  CHECK(w.anna().email == "B@Example.org");
  const auto none = w.run(w.profile({}, ""));
  REQUIRE(none.outbox.size() == 1);
  CHECK(none.outbox[0].kind == kind::release_email);
  CHECK(w.anna().email.empty());
}

TEST_CASE("a repeated profile request is a duplicate, another one a conflict", "[chat][profile]") {
  account_world w;
  w.run(w.profile("A", {}, 9));
  w.run(w.profile("B"));
  const auto o = w.run(w.profile("A", {}, 9));
  CHECK(o.duplicate);
  CHECK(as<account_changed>(o).account.display_name == "B");
  auto other = w.profile("C", {}, 9);
  other.from.fingerprint = 2;
  CHECK(refused(w.run(other)) == ec::conflict);
}

TEST_CASE("roles are given to accounts that are there", "[chat][profile]") {
  account_world w;
  const auto anna = user_id_of("anna");
  CHECK(as<account_changed>(w.run(set_user_role{anna, user_role::admin})).account.role ==
        user_role::admin);
  CHECK(w.anna().role == user_role::admin);
  CHECK(refused(w.run(set_user_role{id(99), user_role::admin})) == ec::user_not_found);
  // Repeated with the same key, nothing is done twice: somebody else may have changed it since.
  const auto by = w.from("root", 70, 5);
  CHECK_FALSE(w.run(set_user_role{anna, user_role::bot, by}).duplicate);
  w.run(set_user_role{anna, user_role::user});
  const auto again = w.run(set_user_role{anna, user_role::bot, by});
  CHECK(again.duplicate);
  CHECK(as<account_changed>(again).account.role == user_role::user);
  const auto other = w.from("root", 70, 6);
  CHECK(refused(w.run(set_user_role{anna, user_role::admin, other})) == ec::conflict);
}

TEST_CASE("a deactivated account is closed until it is reopened", "[chat][profile]") {
  account_world w;
  const auto o = w.run(w.close(how::deactivate));
  CHECK(o.revoked.size() == 3);
  REQUIRE(o.outbox.size() == 2);
  CHECK(o.outbox[0].kind == kind::release_email);
  CHECK(o.outbox[1].kind == kind::sweep_user);
  CHECK(refused(w.run(open_session{w.session_of("anna", 5, 5)})) == ec::invalid_credentials);
  CHECK(refused(w.run(w.profile("A"))) == ec::user_not_found);
  CHECK(refused(w.run(w.password("old", "new"))) == ec::invalid_credentials);
  CHECK(w.anna().display_name == "anna");
  as<account_changed>(w.run(w.close(how::reopen)));
  as<session_granted>(w.run(open_session{w.session_of("anna", 5, 5)}));
  CHECK(w.anna().email.empty());
}

TEST_CASE("of an erased account nothing is left but the id", "[chat][profile]") {
  account_world w;
  w.run(set_user_role{user_id_of("anna"), user_role::admin});
  CHECK(w.run(w.close(how::erase)).revoked.size() == 3);
  const auto left = w.anna();
  CHECK(left.username == "deleted user");
  CHECK(left.display_name == "deleted user");
  CHECK(left.email.empty());
  CHECK(left.password_hash.empty());
  CHECK(left.role == user_role::user);
  CHECK(left.deactivated);
  CHECK(w.s.sessions_of(left.id).empty());
  // Who goes offline by it leaves no trace either.
  w.run(set_last_seen{left.id, w.now});
  CHECK(w.anna().last_seen == 0);
  CHECK(refused(w.run(w.close(how::reopen))) == ec::conflict);
  as<account_changed>(w.run(w.close(how::erase)));
  CHECK(refused(w.run(w.registration("anna", 77))) == ec::username_taken);
}

TEST_CASE("the line of a direct room names the other one", "[chat][profile]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  rules::context c{w.s, w.now, w.term, {}};
  rules::emit_user_room(c, w.the_room(1), user_id_of("anna"), user_room::standing::joined);
  rules::emit_user_room(c, w.the_room(1), user_id_of("bob"), user_room::standing::joined);
  REQUIRE(c.out.outbox.size() == 2);
  CHECK(c.out.outbox[0].line.partner == user_id_of("bob"));
  CHECK(c.out.outbox[1].line.partner == user_id_of("anna"));
}

}  // namespace greenroom::chat::test
