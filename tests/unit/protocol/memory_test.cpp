// SPDX-License-Identifier: MIT
// What a document costs in memory while it is decoded.
// Not under sanitizers, which bring their own operator new.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <malloc.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> peak{0};

void* counted(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  const auto now = in_use += malloc_usable_size(block);
  if (now > peak) peak = now;
  return block;
}

void uncounted(void* block) noexcept {
  if (block != nullptr) in_use -= malloc_usable_size(block);
  std::free(block);
}

/// Peak of additional memory while `bytes` are decoded.
std::size_t cost(encoding enc, const std::string& bytes) {
  const std::size_t before = in_use;
  peak = before;
  (void)decode_request(enc, bytes);
  return peak - before;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* block) noexcept {
  uncounted(block);
}
void operator delete[](void* block) noexcept {
  uncounted(block);
}
void operator delete(void* block, std::size_t) noexcept {
  uncounted(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  uncounted(block);
}

TEST_CASE("memory: large documents cost at most four times their size", "[memory]") {
  const auto head = R"({"message_id":")" + some_id + R"(","data":{"type":"heartbeat","x":)";
  const std::size_t room = limits::document_bytes_max - head.size() - 64;
  std::string keys;
  while (keys.size() < room)
    keys += ",\"" + std::to_string(keys.size()) + "\":0";
  keys.resize(keys.find_last_of(','));

  const std::pair<const char*, std::string> texts[] = {
      {"numbers", "[0" + repeat(",0", room / 2) + "]"},
      {"lists", "[[]" + repeat(",[]", room / 3) + "]"},
      {"keys", "{\"k\":0" + keys + "}"},
      {"one text", "\"" + std::string(room, 'x') + "\""},
      {"one escaped text", "\"" + repeat("\\u00e9", room / 6) + "\""},
      {"many texts", "[\"\"" + repeat(",\"" + std::string(120, 'x') + "\"", room / 123) + "]"},
      {"nesting", repeat("[", room)},
      {"a long number", repeat("9", room)},
      {"a wrong text", "\"" + std::string(room - 4, 'x') + "\\x\""},
  };
  for (const auto& [name, value] : texts) {
    CAPTURE(name);
    const auto bytes = head + value + "}}";
    REQUIRE(bytes.size() <= limits::document_bytes_max);
    CHECK(cost(encoding::json, bytes) <= 4 * bytes.size());
  }
  using namespace std::string_literals;
  const std::pair<const char*, std::string> packed[] = {
      {"numbers", "\xdd\x00\x0f\x00\x00"s + std::string(0xf0000, '\0')},
      {"lists", "\xdd\x00\x0f\x00\x00"s + std::string(0xf0000, '\x90')},
      {"maps", "\xdd\x00\x0f\x00\x00"s + std::string(0xf0000, '\x80')},
      {"one text", "\xdb\x00\x0f\x00\x00"s + std::string(0xf0000, 'x')},
      {"nesting", std::string(0xf0000, '\x91')},
      {"a length", "\xdd\xff\xff\xff\xff"s + std::string(0xf0000, '\xc0')},
  };
  for (const auto& [name, bytes] : packed) {
    CAPTURE(name);
    CHECK(cost(encoding::msgpack, bytes) <= 4 * bytes.size());
  }
}

TEST_CASE("memory: bombs cost next to nothing", "[memory]") {
  CHECK(cost(encoding::msgpack, "\xdd\xff\xff\xff\xff") < 4096);
  CHECK(cost(encoding::msgpack, std::string(100'000, '\x91')) < 16'384);
  CHECK(cost(encoding::json, std::string(100'000, '[')) < 16'384);
}

#endif
