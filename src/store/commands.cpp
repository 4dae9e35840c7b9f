// SPDX-License-Identifier: MIT
#include "store/commands.hpp"

#include "store/fields.hpp"
#include "store/packing.hpp"

namespace greenroom::store::packing {

template <>
inline constexpr auto last_of<protocol::message_state> = protocol::message_state::read;
template <>
inline constexpr auto last_of<protocol::send_safety> = protocol::send_safety::all;
template <>
inline constexpr auto last_of<chat::close_account::what> = chat::close_account::what::reopen;

}  // namespace greenroom::store::packing

// fields() is found by argument-dependent look-up, so each is beside its struct. Records leave out
// what their key says; here there is no key, so their ids go in front of them.

namespace greenroom::protocol {

using store::packing::one;

auto fields(one<create_room_request> auto& v) {
  return std::tie(v.name, v.type, v.alias, v.is_private, v.description, v.members);
}

auto fields(one<update_profile_request> auto& v) {
  return std::tie(v.display_name, v.avatar_url, v.email);
}

auto fields(one<update_room_request> auto& v) {
  return std::tie(v.room_id, v.name, v.description, v.topic, v.archived, v.retention);
}

auto fields(one<send_message_request> auto& v) {
  return std::tie(v.room_id, v.content, v.type, v.reply_to, v.thread, v.metadata, v.safety,
                  v.device_seq);
}

auto fields(one<edit_message_request> auto& v) {
  return std::tie(v.room_id, v.id, v.content);
}

auto fields(one<delete_message_request> auto& v) {
  return std::tie(v.room_id, v.id);
}

auto fields(one<reaction_request> auto& v) {
  return std::tie(v.room_id, v.id, v.emoji, v.add);
}

auto fields(one<pin_request> auto& v) {
  return std::tie(v.room_id, v.id, v.pinned);
}

}  // namespace greenroom::protocol

namespace greenroom::chat {

auto fields(one<origin> auto& v) {
  return std::tie(v.user_id, v.message_id, v.fingerprint, v.role);
}

auto fields(one<register_user> auto& v) {
  return std::tie(v.from, v.account.id, v.account, v.first_session.id, v.first_session.user_id,
                  v.first_session);
}

auto fields(one<open_session> auto& v) {
  return std::tie(v.opened.id, v.opened.user_id, v.opened);
}

auto fields(one<rotate_session> auto& v) {
  return std::tie(v.user_id, v.session_id, v.presented, v.successor, v.message_id, v.expires_at);
}

auto fields(one<touch_session> auto& v) {
  return std::tie(v.user_id, v.session_id);
}

auto fields(one<revoke_sessions> auto& v) {
  return std::tie(v.from, v.session_id);
}

auto fields(one<set_last_seen> auto& v) {
  return std::tie(v.user_id, v.at);
}

auto fields(one<put_user_room> auto& v) {
  return std::tie(v.line.user_id, v.line.room_id, v.line, v.answers_for_erased);
}

auto fields(one<reserve_email> auto& v) {
  return std::tie(v.email_id, v.user_id);
}

auto fields(one<settle_email> auto& v) {
  return std::tie(v.email_id, v.user_id, v.confirmed);
}

auto fields(one<create_room> auto& v) {
  return std::tie(v.from, v.room_id, v.what, v.members_max);
}

auto fields(one<join_room> auto& v) {
  return std::tie(v.from, v.room_id, v.members_max);
}

auto fields(one<leave_room> auto& v) {
  return std::tie(v.from, v.room_id);
}

auto fields(one<send_message> auto& v) {
  return std::tie(v.from, v.id, v.what, v.device_id);
}

auto fields(one<edit_message> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<delete_message> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<react> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<pin_message> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<mark::one> auto& v) {
  return std::tie(v.user_id, v.status, v.seq);
}

auto fields(one<mark> auto& v) {
  return std::tie(v.room_id, v.marks);
}

auto fields(one<forget_outbox> auto& v) {
  return std::tie(v.ids);
}

auto fields(one<change_password> auto& v) {
  return std::tie(v.from, v.session_id, v.verified_hash, v.password_hash);
}

auto fields(one<update_profile> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<set_user_role> auto& v) {
  return std::tie(v.user_id, v.role, v.from);
}

auto fields(one<close_account> auto& v) {
  return std::tie(v.from, v.user_id, v.how, v.tells_rooms);
}

auto fields(one<create_direct> auto& v) {
  return std::tie(v.from, v.room_id, v.other);
}

auto fields(one<update_room> auto& v) {
  return std::tie(v.from, v.what);
}

auto fields(one<delete_room> auto& v) {
  return std::tie(v.from, v.room_id);
}

auto fields(one<invite_person> auto& v) {
  return std::tie(v.from, v.room_id, v.user_id, v.role);
}

auto fields(one<remove_person> auto& v) {
  return std::tie(v.from, v.room_id, v.user_id, v.ban);
}

auto fields(one<unban_person> auto& v) {
  return std::tie(v.from, v.room_id, v.user_id);
}

auto fields(one<set_member_role> auto& v) {
  return std::tie(v.from, v.room_id, v.user_id, v.role);
}

auto fields(one<announce> auto& v) {
  return std::tie(v.from, v.id, v.room_id, v.content, v.of_server, v.user_id, v.everybody);
}

auto fields(one<sweep_room> auto& v) {
  return std::tie(v.room_id, v.content);
}

auto fields(one<purge_room> auto& v) {
  return std::tie(v.room_id, v.up_to);
}

/// With what the keys of the record say.
auto fields(one<create_webhook> auto& v) {
  return std::tie(v.from, v.hook.room_id, v.hook.id, v.hook);
}

auto fields(one<delete_webhook> auto& v) {
  return std::tie(v.from, v.room_id, v.hook_id);
}

auto fields(one<advance_webhook> auto& v) {
  return std::tie(v.room_id, v.hook_id, v.seq, v.dead, v.settled, v.failures, v.paused);
}

auto fields(one<replay_webhook> auto& v) {
  return std::tie(v.from, v.room_id, v.hook_id, v.delivery_id);
}

/// With what the keys of its records say.
auto fields(one<restored_entry> auto& v) {
  return std::tie(v.entry.seq, v.entry, v.content_seq, v.object);
}

auto fields(one<restored_member> auto& v) {
  return std::tie(v.who.user_id, v.who);
}

auto fields(one<restore_room> auto& v) {
  return std::tie(v.from, v.room_id, v.original, v.head, v.entries, v.closes, v.last_seq, v.chain,
                  v.members, v.ends, v.to, v.lost);
}

auto fields(one<abandon_restore> auto& v) {
  return std::tie(v.from, v.room_id);
}

auto fields(one<sweep_user> auto& v) {
  return std::tie(v.user_id);
}

auto fields(one<close_person> auto& v) {
  return std::tie(v.room_id, v.user_id, v.erased);
}

}  // namespace greenroom::chat

namespace greenroom::store {

namespace {

/// The number of each command in the log. Append only: the place in the variant may change, the
/// number never does (docs/storage.md).
template <class... Command>
struct numbered {
  static constexpr std::size_t count = sizeof...(Command);

  template <class T>
  static constexpr std::uint8_t number_of() {
    std::uint8_t n = 0;
    bool found = false;
    ((found = found || std::is_same_v<T, Command>, n = found ? n : n + 1), ...);
    return n + 1;
  }

  /// Fills `to` with an empty command of this number and hands it to `then`.
  template <class Then>
  static bool construct(std::uint64_t number, chat::command_data& to, Then then) {
    return ((number == number_of<Command>() ? (then(to.emplace<Command>()), true) : false) || ...);
  }
};

using numbers =
    numbered<chat::register_user, chat::open_session, chat::rotate_session, chat::touch_session,
             chat::revoke_sessions, chat::set_last_seen, chat::put_user_room, chat::reserve_email,
             chat::settle_email, chat::create_room, chat::join_room, chat::leave_room,
             chat::send_message, chat::mark, chat::forget_outbox, chat::change_password,
             chat::update_profile, chat::set_user_role, chat::close_account, chat::create_direct,
             chat::update_room, chat::delete_room, chat::invite_person, chat::remove_person,
             chat::unban_person, chat::set_member_role, chat::sweep_room, chat::edit_message,
             chat::delete_message, chat::react, chat::pin_message, chat::purge_room, chat::announce,
             chat::create_webhook, chat::delete_webhook, chat::advance_webhook,
             chat::replay_webhook, chat::restore_room, chat::abandon_restore, chat::sweep_user,
             chat::close_person>;
static_assert(numbers::count == std::variant_size_v<chat::command_data>);

}  // namespace

std::string encode(const chat::command& c) {
  std::string out(1, packing::format_version);
  packing::string_sink sink{out};
  packing::packer to(sink);
  to.pack_array(3);
  to.pack(c.time);
  std::visit(
      [&]<class T>(const T& data) {
        to.pack(numbers::number_of<T>());
        packing::write(to, out, data);
      },
      c.data);
  return out;
}

expected<chat::command> decode_command(std::string_view bytes) {
  const auto parse = [](const msgpack::object& from, chat::command& c) {
    if (from.via.array.size < 3) throw packing::damage("it has fewer than three parts");
    const auto* part = from.via.array.ptr;
    c.time = part[0].as<unix_ms>();
    const auto number = part[1].as<std::uint64_t>();
    if (!numbers::construct(number, c.data, [&](auto& v) { packing::read(part[2], v); }))
      throw packing::damage("command " + std::to_string(number) + " is unknown");
  };
  return packing::decode_with("command", bytes, chat::command{}, parse);
}

}  // namespace greenroom::store
