// SPDX-License-Identifier: MIT
#include "store/commands.hpp"

#include <catch2/catch.hpp>

#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

const chat::origin from{id_of(1), id_of(2), 0x8000000000000001};

/// One of each, in the order of their numbers in the log.
std::vector<chat::command_data> one_of_each() {
  std::vector<chat::command_data> all;
  all.emplace_back(chat::register_user{from, sample_user(), sample_session()});
  all.emplace_back(chat::open_session{sample_session()});
  chat::rotate_session rotate{id_of(1), id_of(2), {}, {}, id_of(3), 5};
  rotate.presented.fill(1);
  rotate.successor.fill(2);
  all.emplace_back(rotate);
  all.emplace_back(chat::touch_session{id_of(1), id_of(2)});
  all.emplace_back(chat::revoke_sessions{from, id_of(2)});
  all.emplace_back(chat::set_last_seen{id_of(1), 77});
  all.emplace_back(chat::put_user_room{sample_outbox().line, true});
  all.emplace_back(chat::reserve_email{id_of(1), id_of(2)});
  all.emplace_back(chat::settle_email{id_of(1), id_of(2), true});
  protocol::create_room_request create;
  create.name = "n";
  create.alias = "a";
  create.type = protocol::room_type::open;
  create.is_private = true;
  create.description = "";
  create.members = {id_of(1), id_of(2)};
  all.emplace_back(chat::create_room{from, id_of(3), create});
  all.emplace_back(chat::join_room{from, id_of(3), 100'000});
  all.emplace_back(chat::leave_room{from, id_of(3)});
  protocol::send_message_request send;
  send.room_id = id_of(3);
  send.content = "hi";
  send.reply_to = id_of(4);
  send.metadata = {{"k", {1, 2}}};
  send.safety = protocol::send_safety::all;
  send.device_seq = 0;
  all.emplace_back(chat::send_message{from, id_of(5), send, "phone"});
  all.emplace_back(
      chat::mark{id_of(3), {{id_of(1), protocol::message_state::delivered, 4}, {id_of(2), {}, 5}}});
  all.emplace_back(chat::forget_outbox{{1, 2, 1'000'000}});
  all.emplace_back(chat::change_password{from, id_of(2), "old", "new"});
  protocol::update_profile_request profile;
  profile.display_name = "";
  profile.email = "a@b";
  all.emplace_back(chat::update_profile{from, profile});
  all.emplace_back(chat::set_user_role{id_of(1), chat::user_role::admin});
  all.emplace_back(chat::close_account{from, id_of(1), chat::close_account::what::reopen, true});
  all.emplace_back(chat::create_direct{from, id_of(3), id_of(4)});
  chat::update_room update{from, {}};
  update.what.room_id = id_of(3);
  update.what.topic = "";
  update.what.archived = false;
  update.what.retention = protocol::room_retention{30, {}};
  all.emplace_back(update);
  auto admin = from;
  admin.role = chat::user_role::admin;
  all.emplace_back(chat::delete_room{admin, id_of(3)});
  all.emplace_back(chat::invite_person{from, id_of(3), id_of(4), chat::member_role::guest});
  all.emplace_back(chat::remove_person{from, id_of(3), id_of(4), true});
  all.emplace_back(chat::unban_person{from, id_of(3), id_of(4)});
  all.emplace_back(chat::set_member_role{from, id_of(3), id_of(4), chat::member_role::owner});
  all.emplace_back(chat::sweep_room{id_of(3), true});
  all.emplace_back(chat::edit_message{from, {id_of(3), id_of(5), "ho"}});
  all.emplace_back(chat::delete_message{from, {id_of(3), id_of(5)}});
  all.emplace_back(chat::react{from, {id_of(3), id_of(5), "+1", true}});
  all.emplace_back(chat::pin_message{from, {id_of(3), id_of(5), true}});
  all.emplace_back(chat::purge_room{id_of(3), 500});
  all.emplace_back(chat::announce{admin, id_of(5), id_of(3), "hear", true, id_of(4), true});
  all.emplace_back(chat::create_webhook{from, sample_webhook()});
  all.emplace_back(chat::delete_webhook{from, id_of(3), id_of(6)});
  all.emplace_back(
      chat::advance_webhook{id_of(3), id_of(6), 9, {sample_dead()}, {id_of(7)}, 2, true});
  all.emplace_back(chat::replay_webhook{from, id_of(3), id_of(6), id_of(7)});
  chat::restore_room restore{admin, id_of(3), id_of(4), sample_room(), {}, true, 9, {}, {}, true};
  chat::restored_entry said{{}, 7, sample_message()};
  said.entry.seq = 5;
  said.entry.message_seq = 5;
  restore.entries = {said, {{}, 0, std::nullopt}};
  restore.chain.fill(3);
  restore.members = {{sample_member()}};
  restore.to = 5;
  restore.lost = {2, 3};
  all.emplace_back(restore);
  all.emplace_back(chat::abandon_restore{admin, id_of(3)});
  all.emplace_back(chat::sweep_user{id_of(1)});
  all.emplace_back(chat::close_person{id_of(3), id_of(1), true});
  return all;
}

TEST_CASE("every command survives the log") {
  const auto all = one_of_each();
  REQUIRE(all.size() == std::variant_size_v<chat::command_data>);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto number = static_cast<int>(i + 1);
    INFO("command " << number);
    const auto bytes = encode(chat::command{-5, all[i]});
    // version, array of 3, time -5, number
    CHECK(bytes.substr(0, 4) == std::string("\x01\x93\xfb", 3) + static_cast<char>(number));
    const auto again = decode_command(bytes);
    REQUIRE(again.has_value());
    CHECK(again->time == -5);
    CHECK(again->data.index() == all[i].index());
    CHECK(encode(*again) == bytes);
  }
}

TEST_CASE("commands of logs that lack the newest fields do what they did") {
  // Of the array of the command's own fields the last one is left out: 1 byte, and one item less.
  const auto without_last = [](const chat::command_data& data) {
    auto bytes = encode(chat::command{-5, data});
    bytes.pop_back();
    --bytes[4];
    return bytes;
  };
  const auto all = one_of_each();
  const auto line = decode_command(without_last(all[6]));
  REQUIRE(line.has_value());
  CHECK_FALSE(std::get<chat::put_user_room>(line->data).answers_for_erased);
  const auto close = decode_command(without_last(all[18]));
  REQUIRE(close.has_value());
  CHECK_FALSE(std::get<chat::close_account>(close->data).tells_rooms);
  const auto said = decode_command(without_last(all[32]));
  REQUIRE(said.has_value());
  CHECK_FALSE(std::get<chat::announce>(said->data).everybody);
}

TEST_CASE("what looks alike stays apart: absent, empty and nil") {
  auto send = std::get<chat::send_message>(one_of_each()[12]);
  const auto s = std::get<chat::send_message>(decode_command(encode({1, send}))->data);
  CHECK(s.what.device_seq == std::optional<std::uint64_t>(0));
  CHECK_FALSE(s.what.thread.has_value());
  CHECK(s.device_id == "phone");
  CHECK(s.what.metadata == send.what.metadata);
  const auto create = std::get<chat::create_room>(one_of_each()[9]);
  const auto c = std::get<chat::create_room>(decode_command(encode({1, create}))->data);
  CHECK(c.what.description == std::optional<std::string>(""));
  CHECK(c.what.members == create.what.members);
  const auto r = std::get<chat::revoke_sessions>(
      decode_command(encode({1, chat::revoke_sessions{from, uuid{}}}))->data);
  CHECK(r.session_id == std::optional<uuid>(uuid{}));
  const auto u = std::get<chat::update_room>(decode_command(encode({1, one_of_each()[20]}))->data);
  CHECK(u.what.topic == std::optional<std::string>(""));
  CHECK_FALSE(u.what.name.has_value());
  CHECK(u.what.archived == std::optional(false));
  CHECK(u.what.retention == protocol::room_retention{30, {}});
  const auto gone =
      std::get<chat::delete_room>(decode_command(encode({1, one_of_each()[21]}))->data);
  CHECK(gone.from.role == chat::user_role::admin);
  const auto i = std::get<chat::invite_person>(
      decode_command(encode({1, chat::invite_person{from, id_of(3), id_of(4), {}}}))->data);
  CHECK_FALSE(i.role.has_value());
  const auto reg =
      std::get<chat::register_user>(decode_command(encode({1, one_of_each()[0]}))->data);
  CHECK(reg.account.id == id_of(1));
  CHECK(reg.first_session.id == id_of(2));
  CHECK(reg.first_session.user_id == id_of(1));
  CHECK(reg.from.fingerprint == from.fingerprint);
}

TEST_CASE("damaged and unknown commands are refused by name") {
  const auto bytes = encode(chat::command{1, one_of_each()[12]});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_command(std::string_view(bytes).substr(0, size)).has_value());
  const auto unknown = decode_command(std::string("\x01\x93\x00\x63\x90", 5));
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().message == "damaged record command: command 99 is unknown");
  CHECK_FALSE(decode_command(std::string("\x01\x92\x00\x01", 4)).has_value());
}

}  // namespace
}  // namespace greenroom::store
