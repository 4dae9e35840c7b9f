// SPDX-License-Identifier: MIT
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

reply_body log_in(leader_world& w, const std::string& name, const std::string& password,
                  const std::string& address = "192.0.2.7") {
  return w.ask(user_id_of(name), user_login{password, "", "phone", address},
               leader_world::by(user_id_of(name)));
}

uuid session_of(const reply_body& opened) {
  return std::get<session_opened>(opened).response.session_id;
}

template <class T>
T answered_as(reply_body body) {
  return answer_in<T>(std::move(body));
}

}  // namespace

TEST_CASE("sessions are listed for their owner alone") {
  leader_world w(1);
  const auto first = session_of(w.register_user("alice"));
  const auto second = session_of(log_in(w, "alice", "correct horse"));
  const auto alice = user_id_of("alice");
  const auto list = answered_as<protocol::session_list_response>(
      w.ask(alice, user_sessions{second}, {alice, {}, 0}));
  REQUIRE(list.sessions.size() == 2);
  for (const auto& s : list.sessions) {
    CHECK(s.current == (s.session_id == second));
    CHECK(s.address == (s.session_id == first ? "127.0.0.1" : "192.0.2.7"));
  }
  CHECK(code_of(w.ask(alice, user_sessions{second}, {user_id_of("bob"), {}, 0})) == ec::forbidden);
}

TEST_CASE("a password is changed by whoever knows it, and other sessions end") {
  leader_world w(1);
  const auto first = session_of(w.register_user("alice"));
  const auto second = session_of(log_in(w, "alice", "correct horse"));
  const auto alice = user_id_of("alice");
  CHECK(code_of(w.ask(alice, user_password{second, "wrong horse", "another horse"},
                      leader_world::by(alice))) == ec::invalid_credentials);
  const auto by = leader_world::by(alice);
  const user_password change{second, "correct horse", "another horse"};
  CHECK_FALSE(must<answered>(w.ask(alice, change, by)).duplicate);
  CHECK(must<answered>(w.ask(alice, change, by)).duplicate);
  CHECK(code_of(w.ask(alice, user_check{first})) == ec::unauthorized);
  must<user_attached>(w.ask(alice, user_check{second}));
  CHECK(code_of(log_in(w, "alice", "correct horse")) == ec::invalid_credentials);
  must<session_opened>(log_in(w, "alice", "another horse"));
  CHECK(code_of(w.ask(alice, change, leader_world::by(user_id_of("bob")))) == ec::forbidden);
}

TEST_CASE("an operator gives another password, and all sessions end") {
  leader_world w(1);
  const auto first = session_of(w.register_user("alice"));
  const auto alice = user_id_of("alice");
  const user_password reset{{}, "", "given horse", true};
  chat::origin other{user_id_of("bob"), {}, 0};
  CHECK(code_of(w.ask(alice, reset, other)) == ec::forbidden);
  CHECK(code_of(w.ask(alice, reset, {alice, {}, 0})) == ec::forbidden);
  must<answered>(w.ask(alice, reset, {}));
  CHECK(code_of(w.ask(alice, user_check{first})) == ec::unauthorized);
  CHECK(code_of(log_in(w, "alice", "correct horse")) == ec::invalid_credentials);
  must<session_opened>(log_in(w, "alice", "given horse"));
  other.role = chat::user_role::admin;
  must<answered>(w.ask(alice, user_password{{}, "", "third horse", true}, other));
  must<session_opened>(log_in(w, "alice", "third horse"));
  const auto nobody = user_id_of("nobody");
  CHECK(code_of(w.ask(nobody, reset, {})) == ec::user_not_found);
  user_issue bot;
  bot.username = "robot";
  bot.create = true;
  must<session_opened>(w.ask(user_id_of("robot"), bot, {}));
  CHECK(code_of(w.ask(user_id_of("robot"), reset, {})) == ec::conflict);
}

TEST_CASE("an address is reserved before a profile has it, and free when it has not") {
  leader_world w;
  must<session_opened>(w.register_user("alice", "correct horse", "a@example.org"));
  w.user("bob");
  const auto alice = user_id_of("alice");
  const auto bob = user_id_of("bob");
  user_profile taken;
  taken.what.email = "A@example.org";
  const auto refused = must<error>(w.ask(bob, taken, leader_world::by(bob)));
  CHECK(refused.code == ec::conflict);
  CHECK(refused.details.field == "email");
  user_profile other;
  other.what.email = "b@example.org";
  const auto changed =
      answered_as<protocol::user_response>(w.ask(alice, other, leader_world::by(alice)));
  CHECK(changed.user.email == "b@example.org");
  // The release travels by the outbox.
  for (int tries = 0;; ++tries) {
    const auto again = w.ask(bob, taken, leader_world::by(bob));
    if (std::holds_alternative<answered>(again)) {
      break;
    }
    REQUIRE(tries < 1000);
  }
}

TEST_CASE("wrong passwords are slowed down, elsewhere than where one is known") {
  leader_world w(1);
  w.user("alice");  // from 127.0.0.1
  std::vector<ec> alices;
  std::vector<ec> nobodys;
  for (int i = 0; i < 11; ++i) {
    alices.push_back(code_of(log_in(w, "alice", "guess")));
    nobodys.push_back(code_of(log_in(w, "nobody", "guess")));
  }
  CHECK(std::count(alices.begin(), alices.end(), ec::invalid_credentials) == 10);
  CHECK(alices.back() == ec::rate_limit);
  CHECK(nobodys == alices);
  const auto refused = must<error>(log_in(w, "alice", "correct horse"));
  CHECK(refused.code == ec::rate_limit);
  REQUIRE(refused.details.retry_after_ms.has_value());
  CHECK(*refused.details.retry_after_ms <= 6000);
  must<session_opened>(log_in(w, "alice", "correct horse", "127.0.0.1"));
}

TEST_CASE("guesses at the door do not keep the owner from his account, nor one another's") {
  leader_world w(1);
  const auto thief = session_of(w.register_user("alice"));
  const auto owner = session_of(log_in(w, "alice", "correct horse", "127.0.0.1"));
  const auto alice = user_id_of("alice");
  using how = chat::close_account::what;
  const auto change = [&](const uuid& session, const std::string& old) {
    return w.ask(alice, user_password{session, old, "another horse"}, leader_world::by(alice));
  };
  const auto close = [&](const uuid& session, const std::string& password) {
    return w.ask(alice, user_close{how::deactivate, false, password, session},
                 leader_world::by(alice));
  };
  const auto until_refused = [](auto attempt) {
    int wrong = 0;
    for (auto code = attempt(); code != ec::rate_limit; code = attempt()) {
      REQUIRE(code == ec::invalid_credentials);
      REQUIRE(++wrong <= 15);  // one comes back every 6 s
    }
    return wrong;
  };
  CHECK(until_refused([&] { return code_of(log_in(w, "alice", "guess")); }) >= 10);
  CHECK(until_refused([&] { return code_of(change(thief, "guess")); }) >= 10);
  CHECK(until_refused([&] { return code_of(close(thief, "guess")); }) >= 10);
  must<answered>(change(owner, "correct horse"));
  must<answered>(close(owner, "another horse"));
}

TEST_CASE("log-ins at once that are right are all let in") {
  leader_world w(1);
  const auto alice = w.user("alice");
  std::vector<call_number> asked;
  for (int i = 0; i < 30; ++i) {
    asked.push_back(
        w.post(alice, user_login{"correct horse", "", "", ""}, leader_world::by(alice)));
  }
  for (const auto number : asked) {
    must<session_opened>(w.wait(number));
  }
}

TEST_CASE("an account is closed by its owner with the password, or by an admin") {
  leader_world w(1);
  const auto session = session_of(w.register_user("alice"));
  const auto alice = user_id_of("alice");
  using how = chat::close_account::what;
  CHECK(code_of(w.ask(alice, user_close{how::erase, false, "wrong"}, {alice, {}, 0})) ==
        ec::invalid_credentials);
  CHECK(code_of(w.ask(alice, user_close{how::erase, false, "correct horse"},
                      {user_id_of("bob"), {}, 0})) == ec::forbidden);
  CHECK(code_of(w.ask(alice, user_close{how::reopen, false, "correct horse"}, {alice, {}, 0})) ==
        ec::forbidden);
  must<answered>(w.ask(alice, user_close{how::deactivate, true, ""}));
  CHECK(code_of(w.ask(alice, user_check{session})) == ec::unauthorized);
  CHECK(code_of(log_in(w, "alice", "correct horse")) == ec::invalid_credentials);
  must<answered>(w.ask(alice, user_close{how::reopen, true, ""}));
  must<session_opened>(log_in(w, "alice", "correct horse"));
  must<answered>(w.ask(alice, user_close{how::erase, false, "correct horse"}, {alice, {}, 0}));
  const auto left = answered_as<protocol::user_response>(w.ask(alice, user_get{})).user;
  CHECK(left.username == "deleted user");
  CHECK(code_of(w.ask(alice, user_set_role{protocol::user_role::admin})) == ec::user_not_found);
}

TEST_CASE("an export has what is kept, and no secrets") {
  leader_world w(1);
  must<session_opened>(w.register_user("alice", "correct horse", "a@example.org"));
  const auto alice = user_id_of("alice");
  const auto all =
      answered_as<protocol::export_response>(w.ask(alice, user_export{}, {alice, {}, 0})).account;
  CHECK(all["user"]["email"] == "a@example.org");
  CHECK(all["sessions"].size() == 1);
  CHECK(all.dump().find("argon2") == std::string::npos);
  CHECK(code_of(w.ask(alice, user_export{}, {user_id_of("bob"), {}, 0})) == ec::forbidden);
}

TEST_CASE("who watches a user is told when he comes, changes and goes") {
  leader_world w(1);
  const auto session = session_of(w.register_user("alice"));
  const auto alice = user_id_of("alice");
  const auto here = w.board().self();
  auto news = w.watch_presence();
  const auto before =
      must<presence_views>(w.wait(w.post({}, 1, shard_watch{here, true, {alice}, {}}, {})));
  REQUIRE(before.views.size() == 1);
  CHECK_FALSE(before.views[0].is_online);
  CHECK(before.watched == 1);
  must<user_attached>(w.ask(alice, user_attach{session, here, 1}));
  const auto next = [&] {
    const auto p = news->take([](const presence_publish_ptr&) { return true; });
    REQUIRE(p.has_value());
    REQUIRE((*p)->views.size() == 1);
    CHECK((*p)->views[0].user_id == alice);
    return (*p)->views[0];
  };
  const auto came = next();
  CHECK(came.is_online);
  CHECK(came.version > before.views[0].version);
  must<actors::done>(w.ask(alice, user_set_presence{protocol::presence_status::away}));
  CHECK(next().status == protocol::presence_status::away);
  must<actors::done>(w.ask(alice, user_detach{here, 2}));
  const auto went = next();
  CHECK_FALSE(went.is_online);
  CHECK(went.last_seen > 0);
}

TEST_CASE("each wish to be seen is told, however soon it comes after the one before") {
  leader_world w(1);
  const auto session = session_of(w.register_user("alice"));
  const auto alice = user_id_of("alice");
  const auto here = w.board().self();
  auto news = w.watch_presence();
  w.wait(w.post({}, 1, shard_watch{here, true, {alice}, {}}, {}));
  using status = protocol::presence_status;
  // A leader that has not heard of her would forget it.
  CHECK(code_of(w.ask(alice, user_set_presence{status::dnd})) == ec::unavailable);
  must<user_attached>(w.ask(alice, user_attach{session, here, 1}));
  // Many of them come within one millisecond.
  for (int i = 0; i < 50; ++i) {
    const auto wish = i % 2 == 0 ? status::away : status::dnd;
    must<actors::done>(w.ask(alice, user_set_presence{wish}));
    const auto told =
        news->take([&](const presence_publish_ptr& p) { return p->views.front().status == wish; });
    REQUIRE(told.has_value());
  }
}

TEST_CASE("what server admins may do with accounts is decided at the account too") {
  leader_world w(1);
  const auto session = session_of(w.register_user("alice"));
  const auto alice = user_id_of("alice");
  using how = chat::close_account::what;
  const chat::origin bob{user_id_of("bob"), {}, 0};
  const chat::origin herself{alice, {}, 0};
  for (const auto& from : {bob, herself}) {
    CHECK(code_of(w.ask(alice, user_set_role{protocol::user_role::admin}, from)) == ec::forbidden);
    CHECK(code_of(w.ask(alice, user_close{how::deactivate, true, ""}, from)) == ec::forbidden);
    CHECK(code_of(w.ask(alice, user_export{true}, from)) == ec::forbidden);
    CHECK(code_of(w.ask(alice, user_sessions{{}, true}, from)) == ec::forbidden);
    CHECK(code_of(w.ask(alice, user_issue{"alice", false}, from)) == ec::forbidden);
  }
  CHECK(code_of(w.ask(alice, user_logout{session, false}, bob)) == ec::forbidden);
  must<user_attached>(w.ask(alice, user_check{session}));
  const chat::origin admin{user_id_of("bob"), {}, 0, chat::user_role::admin};
  // Also with a server admin's: he ends tokens, and nobody's log-ins.
  const auto refused = must<error>(w.ask(alice, user_logout{session, false}, admin));
  CHECK(refused.code == ec::invalid_message);
  CHECK(refused.details.field == "session_id");
  CHECK(code_of(w.ask(alice, user_logout{{}, true}, admin)) == ec::invalid_message);
  CHECK(code_of(w.ask(alice, user_logout{{}, false}, admin)) == ec::invalid_message);
  must<user_attached>(w.ask(alice, user_check{session}));
}

TEST_CASE("tokens of bots are ended by server admins, log-ins are not") {
  leader_world w(1);
  const auto log_in_of_bot = session_of(w.register_user("robot"));
  const auto robot = user_id_of("robot");
  const chat::origin admin{user_id_of("bob"), {}, 0, chat::user_role::admin};
  must<answered>(w.ask(robot, user_set_role{protocol::user_role::bot}, admin));
  const auto read = protocol::bit_of(protocol::scope::read);
  const auto token = session_of(w.ask(robot, user_issue{"robot", false, read}, admin));
  CHECK(code_of(w.ask(robot, user_logout{log_in_of_bot, false, true}, admin)) ==
        ec::invalid_message);
  // Nor by the administrators' way by the account itself.
  CHECK(code_of(w.ask(robot, user_logout{log_in_of_bot, false, true}, leader_world::by(robot))) ==
        ec::invalid_message);
  must<user_attached>(w.ask(robot, user_check{log_in_of_bot}));
  must<user_attached>(w.ask(robot, user_check{token}));
  must<logged_out>(w.ask(robot, user_logout{token, false, true}, admin));
  CHECK(code_of(w.ask(robot, user_check{token})) == ec::unauthorized);
}

TEST_CASE("sessions that are there hear of a new role, and tokens end with that of a bot") {
  leader_world w(1);
  const auto session = session_of(w.register_user("robot"));
  const auto robot = user_id_of("robot");
  auto notices = w.attach_session(robot);
  must<user_attached>(w.ask(robot, user_attach{session, w.board().self()}));
  const auto is = [](user_notice::what kind) {
    return [kind](const user_notice_ptr& n) { return n->kind == kind; };
  };
  must<answered>(w.ask(robot, user_set_role{protocol::user_role::bot}));
  CHECK(notices->take(is(user_notice::what::role_changed)));
  const auto read = protocol::bit_of(protocol::scope::read);
  const auto token = session_of(w.ask(robot, user_issue{"robot", false, read}));
  must<answered>(w.ask(robot, user_set_role{protocol::user_role::user}));
  const auto ended = notices->take(is(user_notice::what::session_revoked));
  REQUIRE(ended);
  CHECK((*ended)->session_id == token);
  CHECK(notices->take(is(user_notice::what::role_changed)));
  CHECK(code_of(w.ask(robot, user_check{token})) == ec::unauthorized);
}
