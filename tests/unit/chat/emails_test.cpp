// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {
const uuid address = email_id_of("anna@example.org");
}

TEST_CASE("an address reserved by another is a conflict on the field email", "[chat][emails]") {
  world w;
  as<done>(w.run(reserve_email{address, id(1)}));
  const auto o = w.run(reserve_email{address, id(2)});
  CHECK(refused(o) == ec::conflict);
  CHECK(field_of(o) == "email");
}

TEST_CASE("the same user may reserve again", "[chat][emails]") {
  world w;
  w.run(reserve_email{address, id(1)});
  w.now += 9 * minute;
  as<done>(w.run(reserve_email{address, id(1)}));
  w.now += 9 * minute;
  CHECK(refused(w.run(reserve_email{address, id(2)})) == ec::conflict);
}

TEST_CASE("an unconfirmed reservation is free again after ten minutes", "[chat][emails]") {
  world w;
  w.run(reserve_email{address, id(1)});
  w.now += email_reservation_ms - 1;
  CHECK(refused(w.run(reserve_email{address, id(2)})) == ec::conflict);
  w.now += 1;
  as<done>(w.run(reserve_email{address, id(2)}));
  CHECK(w.s.find_email(address)->user_id == id(2));
}

TEST_CASE("a confirmed reservation stays, also when asked for again", "[chat][emails]") {
  world w;
  w.run(reserve_email{address, id(1)});
  w.run(settle_email{address, id(1), true});
  w.run(reserve_email{address, id(1)});
  w.now += 24 * hour;
  CHECK(refused(w.run(reserve_email{address, id(2)})) == ec::conflict);
  CHECK(w.s.find_email(address)->confirmed);
}

TEST_CASE("a release frees the address for everybody, but only from its holder", "[chat][emails]") {
  world w;
  w.run(reserve_email{address, id(1)});
  w.run(settle_email{address, id(2), false});
  CHECK(w.s.find_email(address));
  w.run(settle_email{address, id(1), false});
  CHECK_FALSE(w.s.find_email(address));
  as<done>(w.run(reserve_email{address, id(2)}));
}

TEST_CASE("a late confirmation wins over a reservation, not over an account", "[chat][emails]") {
  world w;
  w.run(reserve_email{address, id(2)});
  as<done>(w.run(settle_email{address, id(1), true}));
  CHECK(w.s.find_email(address)->user_id == id(1));
  CHECK(refused(w.run(settle_email{address, id(2), true})) == ec::conflict);
}

TEST_CASE("addresses are compared without the case of ASCII letters", "[chat][emails]") {
  CHECK(fold_email("Anna.B@EXAMPLE.org") == "anna.b@example.org");
  CHECK(fold_email("J\xC3\x96RG@x") == "j\xC3\x96rg@x");
}

}  // namespace greenroom::chat::test
