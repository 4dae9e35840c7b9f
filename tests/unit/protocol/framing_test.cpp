// SPDX-License-Identifier: MIT
// The binary framing: headers, numbers of types, streams that are taken apart.
#include <rapidcheck/catch.h>

#include <array>
#include <catch2/catch.hpp>

#include "protocol/codec.hpp"
#include "protocol/frame_decoder.hpp"
#include "protocol/limits.hpp"
#include "protocol/requests.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace std::string_literals;

namespace {

constexpr std::size_t mib = 1 << 20;

/// Section 3 of docs/protocol.md, in its order: request, answer.
struct numbered {
  std::uint16_t number;
  std::string_view type;
  std::string_view answer;
};
constexpr std::array requests{
    numbered{1, "register_request", "auth_response"},
    numbered{2, "auth_request", "auth_response"},
    numbered{3, "logout_request", "ok"},
    numbered{4, "session_list_request", "session_list_response"},
    numbered{5, "heartbeat", "heartbeat_response"},
    numbered{6, "resume_request", "resume_response"},
    numbered{7, "create_room_request", "room_response"},
    numbered{8, "direct_room_request", "room_response"},
    numbered{9, "room_list_request", "room_list_response"},
    numbered{10, "room_request", "room_response"},
    numbered{11, "update_room_request", "room_response"},
    numbered{12, "delete_room_request", "ok"},
    numbered{13, "join_room_request", "room_response"},
    numbered{14, "leave_room_request", "ok"},
    numbered{15, "invite_request", "ok"},
    numbered{16, "remove_member_request", "ok"},
    numbered{17, "unban_request", "ok"},
    numbered{18, "set_role_request", "ok"},
    numbered{19, "room_members_request", "room_members_response"},
    numbered{20, "send_message_request", "message_ack"},
    numbered{21, "edit_message_request", "message_ack"},
    numbered{22, "delete_message_request", "message_ack"},
    numbered{23, "reaction_request", "message_ack"},
    numbered{24, "pin_request", "message_ack"},
    numbered{25, "history_request", "history_response"},
    numbered{26, "message_request", "message_response"},
    numbered{27, "mark_request", "ok"},
    numbered{28, "typing", "ok"},
    numbered{29, "set_presence_request", "ok"},
    numbered{30, "presence_request", "presence_response"},
    numbered{31, "user_list_request", "user_list_response"},
    numbered{32, "user_request", "user_response"},
    numbered{33, "update_profile_request", "user_response"},
    numbered{34, "change_password_request", "ok"},
    numbered{35, "search_request", "search_response"},
};
/// Section 4, in its order.
constexpr std::array<std::string_view, 7> events{
    "message_received", "message_updated", "room_event",   "message_status",
    "typing",           "presence",        "session_event"};

std::string frame(std::uint16_t number, std::string_view payload, std::uint8_t flags = 0) {
  std::string out;
  append_frame_header(out,
                      {number, frame_version, flags, static_cast<std::uint32_t>(payload.size())});
  return out.append(payload);
}

struct told {
  std::vector<std::pair<std::uint16_t, std::string>> frames;
  std::optional<error> lost;
  bool operator==(const told&) const = default;
};

/// What comes out when the bytes arrive `step` at a time.
told take_apart(std::string_view bytes, std::size_t step, std::size_t bytes_max = mib) {
  frame_decoder in(frame_sender::client, bytes_max);
  told out;
  while (!bytes.empty()) {
    in.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (;;) {
      const auto next = in.next();
      if (!next) {
        out.lost = next.error();
        return out;
      }
      if (!*next) break;
      out.frames.emplace_back((*next)->number, std::string((*next)->document));
    }
  }
  return out;
}

error refusal(std::string_view bytes, std::size_t bytes_max = mib) {
  const auto out = take_apart(bytes, bytes.size(), bytes_max);
  CHECK(out.frames.empty());
  REQUIRE(out.lost);
  return *out.lost;
}

std::string long_document(std::size_t bytes) {
  return std::string(bytes, 'x');
}

}  // namespace

TEST_CASE("a frame is a header in big-endian order and its payload", "[framing]") {
  std::string out;
  append_frame(out, 0x4001, "document");
  CHECK(out == "\x40\x01\x01\x00\x00\x00\x00\x08"s + "document");
  const auto h = read_frame_header("\x80\x14\x02\x03\x01\x02\x03\x04"s);
  CHECK(h.number == 0x8014);
  CHECK(h.version == 2);
  CHECK(h.flags == 3);
  CHECK(h.length == 0x01020304);
}

TEST_CASE("each request has the number of its place in section 3", "[framing]") {
  REQUIRE(request_table().size() == requests.size());
  for (const auto& [number, type, answer] : requests) {
    INFO(type);
    const auto* row = find_request(type);
    REQUIRE(row);
    CHECK(row->number == number);
    CHECK(row->answer_type == answer);
    CHECK(check_frame_header({number, 1, 0, 1}, frame_sender::client, mib));
    CHECK_FALSE(check_frame_header({number, 1, 0, 1}, frame_sender::server, mib));
    const envelope_glance seen{answer, true, {}};
    CHECK(server_frame_number(seen, number) == 0x8000 + number);
    const auto answer_number = static_cast<std::uint16_t>(0x8000 + number);
    CHECK(check_frame_header({answer_number, 1, 0, 1}, frame_sender::server, mib));
    CHECK_FALSE(check_frame_header({answer_number, 1, 0, 1}, frame_sender::client, mib));
    CHECK(server_frame_number({"error", true, {}}, number) == 0xffff);
  }
  CHECK_FALSE(check_frame_header({0, 1, 0, 1}, frame_sender::client, mib));
  CHECK_FALSE(check_frame_header({36, 1, 0, 1}, frame_sender::client, mib));
  CHECK_FALSE(check_frame_header({0xffff, 1, 0, 1}, frame_sender::client, mib));
}

TEST_CASE("each event has the number of its place in section 4", "[framing]") {
  std::uint16_t number = 0x4001;
  for (const auto type : events) {
    INFO(type);
    CHECK(event_frame_number(type) == number);
    CHECK(server_frame_number({type, false, {}}) == number);
    CHECK(check_frame_header({number, 1, 0, 1}, frame_sender::server, mib));
    CHECK_FALSE(check_frame_header({number, 1, 0, 1}, frame_sender::client, mib));
    ++number;
  }
  CHECK_FALSE(check_frame_header({number, 1, 0, 1}, frame_sender::server, mib));
  CHECK_FALSE(check_frame_header({0x4000, 1, 0, 1}, frame_sender::server, mib));
  CHECK(event_frame_number("ok") == 0);
}

TEST_CASE("an answer whose request is not known has the number of the first that fits",
          "[framing]") {
  CHECK(server_frame_number({"ok", true, {}}) == 0x8003);
  CHECK(server_frame_number({"ok", true, {}}, 20) == 0x8003);
  CHECK(server_frame_number({"ok", true, {}}, 27) == 0x801b);
  CHECK(server_frame_number({"ok", true, {}}, 999) == 0x8003);
  CHECK(server_frame_number({"nonsense", true, {}}, 1) == 0);
}

TEST_CASE("a glance sees what encoded documents are", "[framing]") {
  const auto id = *uuid::parse("018f6b1e-00aa-7000-8000-000000000001");
  const auto answer = encode_answer(encoding::msgpack, {id, 1, message_ack{}, true});
  const auto seen = glance_at(answer);
  REQUIRE(seen);
  CHECK(seen->type == "message_ack");
  CHECK(seen->is_answer);
  CHECK(seen->correlation_id == id.str());

  const auto failed = encode_answer(encoding::msgpack, {std::nullopt, 1, error{}, false});
  REQUIRE(glance_at(failed));
  CHECK(glance_at(failed)->type == "error");
  CHECK(glance_at(failed)->is_answer);
  CHECK(glance_at(failed)->correlation_id.empty());

  const auto event = encode_event(encoding::msgpack, {1, protocol::typing_event{}});
  REQUIRE(glance_at(event));
  CHECK(glance_at(event)->type == "typing");
  CHECK_FALSE(glance_at(event)->is_answer);

  const auto request = encode_request(encoding::msgpack, {id, heartbeat{}});
  REQUIRE(glance_at(request));
  CHECK(glance_at(request)->type == "heartbeat");
}

TEST_CASE("a glance passes values of every kind", "[framing]") {
  for (const auto& value : {"\x01"s,
                            "\xff"s,
                            "\xc0"s,
                            "\xc2"s,
                            "\xc3"s,
                            "\xc4\x01x"s,
                            "\xc5\x00\x01x"s,
                            "\xc6\x00\x00\x00\x01x"s,
                            "\xc7\x01\x05x"s,
                            "\xc8\x00\x01\x05x"s,
                            "\xc9\x00\x00\x00\x01\x05x"s,
                            "\xca" + "4444"s,
                            "\xcb" + "88888888"s,
                            "\xcc\x01"s,
                            "\xcd" + "22"s,
                            "\xce" + "4444"s,
                            "\xcf" + "88888888"s,
                            "\xd0\x01"s,
                            "\xd1" + "22"s,
                            "\xd2" + "4444"s,
                            "\xd3" + "88888888"s,
                            "\xd4\x05x"s,
                            "\xd5\x05xx"s,
                            "\xd6\x05xxxx"s,
                            "\xd7\x05xxxxxxxx"s,
                            "\xd8\x05xxxxxxxxxxxxxxxx"s,
                            "\xd9\x01x"s,
                            "\xda\x00\x01x"s,
                            "\xdb\x00\x00\x00\x01x"s,
                            "\xdc\x00\x02\x01\x02"s,
                            "\xdd\x00\x00\x00\x01\x01"s,
                            "\xde\x00\x01\xa1k\x01"s,
                            "\xdf\x00\x00\x00\x01\xa1k\x01"s,
                            "\x80"s,
                            "\x90"s,
                            "\xa0"s,
                            "\x81\xa1k\x92\x01\x81\xa1k\x90"s}) {
    const auto document = "\x82\xa1x" + value + "\xa4" + "data\x82\xa1y" + value + "\xa4type\xa2ok";
    CAPTURE(document.size());
    const auto seen = glance_at(document);
    REQUIRE(seen);
    CHECK(seen->type == "ok");
    // The end may come at any place: there is nothing then, and nobody reads beyond it.
    for (std::size_t size = 0; size < document.size(); ++size) {
      const std::vector<char> part(document.begin(), document.begin() + static_cast<long>(size));
      CHECK_FALSE(glance_at({part.data(), part.size()}));
    }
  }
  for (const auto& value : {"\xc1"s, "\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s,
                            "\xdb\xff\xff\xff\xff"s, "\xc9\xff\xff\xff\xff\x01"s}) {
    CHECK_FALSE(glance_at("\x82\xa1x" + value + "\xa4" + "data\x81\xa4type\xa2ok"));
  }
  CHECK_FALSE(glance_at("\x81\xa4" + "data\x81\xa4type\x01"s));
  CHECK_FALSE(glance_at("\x81\xa4" + "data\xc0"s));
  CHECK_FALSE(glance_at("\x81\x01\x01"s));
  CHECK_FALSE(glance_at(std::string(100'000, '\x91')));
}

TEST_CASE("frames come out however the bytes arrive", "[framing]") {
  const auto bytes = frame(5, "one") + frame(20, long_document(5000)) + frame(1, "three") +
                     frame(35, deflated(long_document(9000)), frame_deflated) + frame(2, "x");
  const auto all = take_apart(bytes, bytes.size());
  REQUIRE(all.frames.size() == 5);
  CHECK_FALSE(all.lost);
  CHECK(all.frames[0] == std::pair<std::uint16_t, std::string>{5, "one"});
  CHECK(all.frames[1].second == long_document(5000));
  CHECK(all.frames[3] == std::pair<std::uint16_t, std::string>{35, long_document(9000)});
  CHECK(all.frames[4].second == "x");
  for (const std::size_t step : {1, 2, 3, 7, 8, 9, 4096}) {
    INFO(step);
    CHECK(take_apart(bytes, step) == all);
  }
}

TEST_CASE("part of a frame is no frame yet", "[framing]") {
  frame_decoder in(frame_sender::client, mib);
  const auto bytes = frame(5, "document");
  for (const auto c : bytes.substr(0, bytes.size() - 1)) {
    in.feed({&c, 1});
    const auto next = in.next();
    REQUIRE(next);
    CHECK_FALSE(*next);
  }
  CHECK(in.held_bytes() == bytes.size() - 1);
  CHECK(in.frames() == 0);
  in.feed(bytes.substr(bytes.size() - 1));
  CHECK(in.next()->value().document == "document");
  CHECK(in.held_bytes() == 0);
  CHECK(in.frames() == 1);
}

TEST_CASE("a long frame gives its memory back though a little of the next has come", "[framing]") {
  frame_decoder in(frame_sender::client, mib);
  for (int i = 0; i < 3; ++i) {
    const auto flags = i == 1 ? frame_deflated : std::uint8_t{0};
    const auto document = long_document(900'000);
    const auto bytes = frame(5, flags != 0 ? deflated(document) : document, flags);
    in.feed(i == 0 ? bytes + bytes[0] : bytes.substr(1) + bytes[0]);
    REQUIRE(in.next()->value().document == document);
    CHECK_FALSE(in.next()->has_value());
    CHECK(in.held_bytes() == 1);
    CHECK(in.capacity() < 8 * 1024);
  }
}

TEST_CASE("a header that is wrong is refused before its payload comes", "[framing]") {
  const auto field_of = [](const frame_header& h) {
    std::string bytes;
    append_frame_header(bytes, h);
    const auto why = refusal(bytes);
    CHECK(why.code == ec::invalid_message);
    return why.details.field;
  };
  CHECK(field_of({5, 0, 0, 10}) == "version");
  CHECK(field_of({5, 2, 0, 10}) == "version");
  CHECK(field_of({5, 1, 2, 10}) == "flags");
  CHECK(field_of({5, 1, 0x80, 10}) == "flags");
  CHECK(field_of({5, 1, 3, 10}) == "flags");
  CHECK(field_of({0, 1, 0, 10}) == "type");
  CHECK(field_of({36, 1, 0, 10}) == "type");
  CHECK(field_of({0x8001, 1, 0, 10}) == "type");
  CHECK(field_of({5, 1, 0, 0}) == "length");
  for (const std::uint32_t length : {1025U, 0xffffffffU}) {
    std::string bytes;
    append_frame_header(bytes, {5, 1, 0, length});
    const auto why = refusal(bytes, 1024);
    CHECK(why.code == ec::too_large);
    CHECK(why.details.field == "length");
    CHECK(why.details.limit == 1024);
  }
  CHECK(take_apart(frame(5, long_document(1024)), 100, 1024).frames.size() == 1);
}

TEST_CASE("after an error nothing comes out any more", "[framing]") {
  frame_decoder in(frame_sender::client, mib);
  in.feed(frame(5, "one") + frame(0, "two") + frame(5, "three"));
  CHECK((*in.next())->document == "one");
  CHECK_FALSE(in.next());
  in.feed(frame(5, "four"));
  CHECK_FALSE(in.next());
  CHECK(in.held_bytes() == 0);
}

TEST_CASE("what is compressed may not get longer than what is not", "[framing]") {
  const auto bytes_of = [](std::size_t size) {
    return frame(5, deflated(long_document(size)), frame_deflated);
  };
  for (const std::size_t size : {1, 1023, 1024}) {
    const auto out = take_apart(bytes_of(size), 1 << 20, 1024);
    REQUIRE(out.frames.size() == 1);
    CHECK(out.frames[0].second == long_document(size));
  }
  for (const auto& [size, bytes_max] :
       {std::pair<std::size_t, std::size_t>{1025, 1024}, {5000, 1024}, {100 * mib, mib}}) {
    INFO(size);
    const auto why = refusal(bytes_of(size), bytes_max);
    CHECK(why.code == ec::too_large);
    CHECK(why.details.field == "document");
    CHECK(why.details.limit == bytes_max);
  }
}

TEST_CASE("a payload that is no zlib stream is refused", "[framing]") {
  const auto good = deflated("a document that is compressed, with enough to say");
  const auto refused = [](const std::string& payload) {
    const auto why = refusal(frame(5, payload, frame_deflated));
    CHECK(why.code == ec::invalid_message);
    CHECK(why.details.field == "document");
  };
  refused("not compressed at all");
  refused(good + "x");
  for (std::size_t size = 1; size < good.size(); ++size) {
    refused(good.substr(0, size));
  }
  auto damaged = good;
  damaged.back() = static_cast<char>(damaged.back() + 1);  // the checksum
  refused(damaged);
  auto dictionary = good;
  dictionary[1] = '\xbb';  // FDICT, and its check bits
  refused(dictionary);
}

TEST_CASE("a document of a node that is too long is compressed", "[framing]") {
  std::string out;
  append_frame(out, 0x8019, long_document(limits::document_bytes_max));
  CHECK(read_frame_header(out).flags == 0);
  out.clear();
  append_frame(out, 0x8019, long_document(limits::document_bytes_max + 1));
  CHECK(read_frame_header(out).flags == frame_deflated);
  CHECK(out.size() < limits::document_bytes_max);
  frame_decoder in(frame_sender::server, 16 * mib);
  in.feed(out);
  const auto next = in.next();
  REQUIRE(next);
  REQUIRE(*next);
  CHECK((*next)->document == long_document(limits::document_bytes_max + 1));
}

TEST_CASE("hostile: streams of frames", "[framing][hostile]") {
  rc::prop("nothing crashes, and the pieces make no difference", [](const std::string& bytes) {
    const auto step = *rc::gen::inRange<std::size_t>(1, 20);
    RC_ASSERT(take_apart(bytes, step, 1024) == take_apart(bytes, bytes.size() + 1, 1024));
  });
  rc::prop("a damaged byte gives frames or an error, and never too much", [] {
    const auto content = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const bool compressed = *rc::gen::arbitrary<bool>();
    const auto one = content.empty() ? "x"s : content;
    const auto number = *rc::gen::inRange<std::uint16_t>(1, 36);
    auto bytes = compressed ? frame(number, deflated(one), frame_deflated) : frame(number, one);
    bytes += frame(5, "next");
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    const auto out = take_apart(bytes, *rc::gen::inRange<std::size_t>(1, 40), 2048);
    RC_ASSERT(out == take_apart(bytes, bytes.size(), 2048));
    for (const auto& [n, document] : out.frames) {
      RC_ASSERT(n >= 1 && n <= 35);
      RC_ASSERT(!document.empty() || compressed);
      RC_ASSERT(document.size() <= 2048);
    }
    if (out.lost) RC_ASSERT(!out.lost->details.field.empty());
  });
  rc::prop("a glance at anything ends", [](const std::string& bytes) {
    (void)glance_at(bytes);
    (void)glance_at("\x82\xa1x" + bytes);
  });
}
