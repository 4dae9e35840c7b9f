// SPDX-License-Identifier: MIT
#include "actors/without_room.hpp"

#include <type_traits>
#include <variant>

namespace greenroom::actors {

namespace {

constexpr std::int64_t retry_ms = 2000;

template <class T, class... Of>
constexpr bool is_one_of = (std::is_same_v<T, Of> || ...);

}  // namespace

bool goes_without_room(const chat::command_data& what) {
  return std::visit(
      []<class T>(const T&) {
        return is_one_of<T, chat::delete_room, chat::sweep_room, chat::purge_room,
                         chat::update_room, chat::delete_message, chat::leave_room,
                         chat::remove_person, chat::sweep_user, chat::close_account,
                         chat::close_person, chat::abandon_restore, chat::put_user_room,
                         chat::open_session, chat::rotate_session, chat::touch_session,
                         chat::revoke_sessions, chat::change_password, chat::set_user_role>;
      },
      what);
}

error no_room(std::uint32_t reserve_mib) {
  auto e = unavailable("the disk of the node that leads this is nearly full", retry_ms).value();
  e.details.limit = reserve_mib;
  return e;
}

}  // namespace greenroom::actors
