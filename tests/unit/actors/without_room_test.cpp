// SPDX-License-Identifier: MIT
#include "actors/without_room.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;

TEST_CASE("without room people come in and delete, and nothing is added", "[without_room]") {
  CHECK(goes_without_room(chat::open_session{}));
  CHECK(goes_without_room(chat::rotate_session{}));
  CHECK(goes_without_room(chat::revoke_sessions{}));
  CHECK(goes_without_room(chat::delete_room{}));
  CHECK(goes_without_room(chat::purge_room{}));
  CHECK(goes_without_room(chat::put_user_room{}));  // the deleted room leaves people's lists
  CHECK_FALSE(goes_without_room(chat::send_message{}));
  CHECK_FALSE(goes_without_room(chat::edit_message{}));
  CHECK_FALSE(goes_without_room(chat::register_user{}));
  CHECK_FALSE(goes_without_room(chat::create_room{}));
  CHECK_FALSE(goes_without_room(chat::join_room{}));
  CHECK_FALSE(goes_without_room(chat::react{}));
  CHECK_FALSE(goes_without_room(chat::restore_room{}));
}

TEST_CASE("the refusal for lack of room is final and says when to come again", "[without_room]") {
  const auto e = no_room(256);
  CHECK(e.code == ec::unavailable);
  CHECK(e.details.limit == 256);
  CHECK(e.details.retry_after_ms.value_or(0) > 0);
}
