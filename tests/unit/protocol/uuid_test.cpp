// SPDX-License-Identifier: MIT
#include "protocol/uuid.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <unordered_set>

using namespace greenroom;

namespace {

uuid id(std::string_view text) {
  return uuid::parse(text).value();
}

}  // namespace

TEST_CASE("uuid: text form", "[uuid]") {
  const auto a = id("018F6B1E-00aa-7000-8000-0123456789ab");
  CHECK(a.str() == "018f6b1e-00aa-7000-8000-0123456789ab");
  CHECK(uuid::from_raw(a.raw()) == a);
  CHECK(uuid{}.is_nil());
  CHECK_FALSE(a.is_nil());
  CHECK(uuid{}.str() == "00000000-0000-0000-0000-000000000000");

  const char* bad[] = {"",
                       "018f6b1e00aa700080000123456789ab",
                       "{018f6b1e-00aa-7000-8000-0123456789ab}",
                       "018f6b1e-00aa-7000-8000-0123456789a",
                       "018f6b1e-00aa-7000-8000-0123456789abc",
                       "018f6b1e-00aa-7000-8000-0123456789ag",
                       "018f6b1e-00aa-7000-80000-123456789ab",
                       "018f6b1e_00aa_7000_8000_0123456789ab",
                       " 18f6b1e-00aa-7000-8000-0123456789ab"};
  for (const auto* text : bad) {
    CAPTURE(text);
    CHECK_FALSE(uuid::parse(text));
  }
}

TEST_CASE("uuid: version 5 as in RFC 9562, appendix A.4", "[uuid]") {
  const auto dns = id("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  CHECK(uuid::v5(dns, "www.example.com").str() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  // Python: uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")
  CHECK(uuid::v5(dns, "python.org").str() == "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

TEST_CASE("uuid: version 7 as in RFC 9562, appendix A.6", "[uuid]") {
  const auto v7 =
      uuid::v7(0x017f22e279b0, {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
  CHECK(v7.str() == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST_CASE("uuid: ids that are derived from names", "[uuid]") {
  CHECK(id_namespace.str() == "6ba7b812-9dad-11d1-80b4-00c04fd430c8");
  CHECK(user_id_of("alice").str() == "f8feac01-c5d2-574c-a3d6-3d5bf6ce17a6");
  CHECK(room_id_of_alias("lobby").str() == "6b4ed356-c80a-527d-bb89-488015cdb4b0");
  const auto a = user_id_of("alice");
  const auto b = user_id_of("bob");
  CHECK(direct_room_id(a, b).str() == "e886fc85-0186-5d4f-bcbf-7aa0179f9366");
  CHECK(direct_room_id(a, b) == direct_room_id(b, a));
  CHECK(room_id_of_creation(a, b).str() == "09e579c8-233b-5bce-b58f-046df77104cb");
  CHECK(announcements_id_of({}).str() == "d949b066-f5a3-568d-9492-324b8fdf5691");
  CHECK(announcements_id_of(user_id_of("alice")).str() == "8a9a990c-0e5d-5221-840c-76f215e72234");
  CHECK(email_id_of("alice@example.org").str() == "644bebdd-0803-510f-8a2c-9e40a80d6d25");
}

TEST_CASE("uuid: a generator rises, also within a millisecond and when the clock steps back",
          "[uuid]") {
  uuid_generator next;
  uuid last;
  std::set<uuid> seen;
  for (int i = 0; i < 20'000; ++i) {
    const auto made = next(1'700'000'000'000 - (i % 7));
    CHECK(last < made);
    last = made;
    seen.insert(made);
  }
  CHECK(seen.size() == 20'000);
  const auto later = next(1'700'000'100'000);
  CHECK(later > last);
  CHECK(later.str().substr(0, 13) == "018bcfe6-eea0");
  CHECK((later.bytes[6] >> 4) == 7);
  CHECK((later.bytes[8] >> 6) == 2);
}

TEST_CASE("uuid: hashes spread and are stable within the process", "[uuid]") {
  std::unordered_set<uuid> ids;
  std::set<std::size_t> buckets;
  uuid one;
  for (int i = 0; i < 4096; ++i) {
    one.bytes[15] = static_cast<std::uint8_t>(i);
    one.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    ids.insert(one);
    buckets.insert(uuid_hash{}(one) % 4096);
  }
  CHECK(ids.size() == 4096);
  CHECK(buckets.size() > 2300);  // of 4096 a random function hits 63 %
  CHECK(uuid_hash{}(one) == uuid_hash{}(uuid(one)));
}
