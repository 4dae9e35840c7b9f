// SPDX-License-Identifier: MIT
#include "actors/known_members.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace greenroom::actors::test {

namespace {

/// What is held at the moment, and at most.
struct tally {
  std::size_t now = 0;
  std::size_t most = 0;
};

template <class T>
struct counting {
  using value_type = T;
  tally* in;
  explicit counting(tally& t) : in(&t) {}
  template <class Other>
  counting(const counting<Other>& other) : in(other.in) {}  // NOLINT: as allocators have to
  T* allocate(std::size_t n) {
    in->now += n * sizeof(T);
    in->most = std::max(in->most, in->now);
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) {
    in->now -= n * sizeof(T);
    std::allocator<T>().deallocate(p, n);
  }
  bool operator==(const counting& other) const { return in == other.in; }
};

chat::member member(std::size_t n, std::uint64_t seq = 0) {
  chat::member m;
  m.user_id = user_id_of("member" + std::to_string(n));
  m.read_seq = seq;
  return m;
}

}  // namespace

TEST_CASE("what a room knows of 10,000 members takes few bytes of each", "[known_members]") {
  constexpr std::size_t count = 10'000;
  tally bytes;
  basic_known_members<counting<chat::member>> all{counting<chat::member>(bytes)};
  std::size_t largest = 0;
  for (std::size_t n = 0; n < count; ++n) {
    all.put(member(n));
    if (n >= 100) largest = std::max(largest, bytes.now / (n + 1));
  }
  INFO(bytes.now / count << " bytes a member, at most " << largest << " on the way");
  CHECK(all.size() == count);
  CHECK(sizeof(chat::member) <= 56);
  CHECK(largest <= 72);
  CHECK(bytes.most / count <= 130);  // while it grows there are two of them
  all.clear();
  CHECK(bytes.now == 0);
  CHECK(all.size() == 0);
}

TEST_CASE("known members are found, replaced and forgotten", "[known_members]") {
  known_members all;
  CHECK(all.find(member(1).user_id) == nullptr);
  all.erase(member(1).user_id);
  for (std::size_t n = 0; n < 300; ++n)
    all.put(member(n * 7 % 300, n));
  CHECK(all.size() == 300);
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.user_id < b.user_id; }));
  for (std::size_t n = 0; n < 300; ++n) {
    REQUIRE(all.find(member(n * 7 % 300).user_id) != nullptr);
    CHECK(all.find(member(n * 7 % 300).user_id)->read_seq == n);
  }
  CHECK(all.put(member(5, 1000)).read_seq == 1000);
  CHECK(all.size() == 300);
  CHECK(all.find(member(5).user_id)->read_seq == 1000);
  all.erase(member(5).user_id);
  all.erase(member(5).user_id);
  CHECK(all.size() == 299);
  CHECK(all.find(member(5).user_id) == nullptr);
  CHECK(all.find(member(300).user_id) == nullptr);
}

}  // namespace greenroom::actors::test
