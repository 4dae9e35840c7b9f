// SPDX-License-Identifier: MIT
#include "actors/frames.hpp"

#include "actors/frames_bodies.hpp"
#include "protocol/codec.hpp"

namespace greenroom::actors::frames {

namespace {

namespace packing = store::packing;
constexpr auto binary = protocol::encoding::msgpack;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

/// Raised within decode() only.
struct damaged : std::runtime_error {
  using runtime_error::runtime_error;
};

template <class T>
T unpack(const char* name, std::string_view bytes) {
  auto v = packing::decode_as<T>(name, bytes);
  if (!v) {
    throw damaged(v.error().message);
  }
  return std::move(*v);
}

// -- documents
// ---------------------------------------------------------------------------------------

std::string document_of(protocol::answer_data data) {
  return protocol::encode_answer(binary, {std::nullopt, 1, std::move(data), false});
}

protocol::answer_data answer_of(std::string_view document) {
  auto d = protocol::decode_server(binary, document);
  if (!d) {
    throw damaged(d.error().message);
  }
  if (auto* answer = std::get_if<protocol::answer_envelope>(&*d)) {
    return std::move(answer->data);
  }
  throw damaged("an answer was expected");
}

template <class T>
T answer_as(std::string_view document) {
  auto data = answer_of(document);
  if (auto* v = std::get_if<T>(&data)) {
    return std::move(*v);
  }
  throw damaged("another answer was expected");
}

/// Requests are kept in the form in which clients send them, with a stand-in message_id.
std::string document_of(protocol::request r) {
  return protocol::encode_request(binary, {id_namespace, std::move(r)});
}

template <class T>
T request_as(std::string_view document) {
  auto d = protocol::decode_request(binary, document);
  if (!d) {
    throw damaged(d.error().reason.message);
  }
  if (auto* v = std::get_if<T>(&d->data)) {
    return std::move(*v);
  }
  throw damaged("another request was expected");
}

event_form form_of(const stream_event& e) {
  return {e.room_id, e.seq, e.user_id.value_or(uuid{}), protocol::encode_event(binary, e.event)};
}

stream_event event_of(const event_form& f) {
  auto d = protocol::decode_server(binary, f.document);
  if (!d) {
    throw damaged(d.error().message);
  }
  auto* event = std::get_if<protocol::event_envelope>(&*d);
  if (event == nullptr) {
    throw damaged("an event was expected");
  }
  return {f.room_id, f.seq, std::move(*event),
          f.user_id.is_nil() ? std::nullopt : std::optional(f.user_id)};
}

// -- bodies of calls
// ---------------------------------------------------------------------------------

std::string body_of(const call_body& body) {
  return std::visit(
      overloaded{
          [](const user_register& b) {
            return packing::encode_as(request_form{document_of(b.what), b.address});
          },
          [](const room_create& b) {
            return packing::encode_as(request_form{document_of(b.what), {}});
          },
          [](const room_update& b) {
            return packing::encode_as(request_form{document_of(b.what), {}});
          },
          [](const room_send& b) {
            return packing::encode_as(request_form{document_of(b.what), b.device_id});
          },
          [](const room_hook_post& b) {
            return packing::encode_as(
                hook_post_form{b.hook_id, b.token_hash, b.key, document_of(b.what), b.username});
          },
          [](const room_hook_advance& b) { return packing::encode_as(hook_advance_form(b)); },
          [](const room_history& b) {
            return packing::encode_as(history_form{document_of(b.what), b.stale});
          },
          [](const user_line& b) { return packing::encode_as(line_form(b.line)); },
          [](const auto& b) {
            if constexpr (packing::described<std::remove_cvref_t<decltype(b)>>) {
              return packing::encode_as(b);
            } else {
              return std::string{};  // a call without fields
            }
          }},
      body);
}

template <class T>
T parse_call_body(std::string_view bytes) {
  if constexpr (std::is_same_v<T, user_register>) {
    auto f = unpack<request_form>("user_register", bytes);
    return {request_as<protocol::register_request>(f.document), f.origin};
  } else if constexpr (std::is_same_v<T, room_create>) {
    return {request_as<protocol::create_room_request>(
        unpack<request_form>("room_create", bytes).document)};
  } else if constexpr (std::is_same_v<T, room_update>) {
    return {request_as<protocol::update_room_request>(
        unpack<request_form>("room_update", bytes).document)};
  } else if constexpr (std::is_same_v<T, room_send>) {
    auto f = unpack<request_form>("room_send", bytes);
    return {request_as<protocol::send_message_request>(f.document), f.origin};
  } else if constexpr (std::is_same_v<T, room_hook_post>) {
    auto f = unpack<hook_post_form>("room_hook_post", bytes);
    return {f.hook_id, f.token_hash, f.key, request_as<protocol::send_message_request>(f.document),
            f.username};
  } else if constexpr (std::is_same_v<T, room_hook_advance>) {
    return unpack<hook_advance_form>("room_hook_advance", bytes).back();
  } else if constexpr (std::is_same_v<T, room_history>) {
    auto f = unpack<history_form>("room_history", bytes);
    return {request_as<protocol::history_request>(f.document), f.stale};
  } else if constexpr (std::is_same_v<T, user_line>) {
    return {unpack<line_form>("user_line", bytes).back()};
  } else if constexpr (packing::described<T>) {
    return unpack<T>("call", bytes);
  } else {
    return {};
  }
}

// -- bodies of replies
// ---------------------------------------------------------------------------------

std::string body_of(const reply_body& body) {
  return std::visit(
      overloaded{[](const answered& b) {
                   return packing::encode_as(document_form{document_of(b.data), b.duplicate});
                 },
                 [](const session_opened& b) {
                   return packing::encode_as(document_form{document_of(b.response), b.duplicate});
                 },
                 [](const user_attached& b) {
                   attached_form f{document_of(protocol::user_response{b.self}),
                                   b.rooms_version,
                                   {},
                                   b.status,
                                   b.status_at,
                                   b.device_id,
                                   b.limits.scopes,
                                   b.limits.rooms};
                   for (const auto& line : b.rooms) {
                     f.rooms.emplace_back(line);
                   }
                   return packing::encode_as(f);
                 },
                 [](const user_room_lines& b) {
                   lines_form f;
                   for (const auto& line : b.rooms) {
                     f.rooms.emplace_back(line);
                   }
                   return packing::encode_as(f);
                 },
                 [](const room_attached& b) {
                   room_attached_form f{b.after_seq, b.last_seq, b.term, {}};
                   for (const auto& [id, seq] : b.members) {
                     f.members.push_back({id, seq});
                   }
                   return packing::encode_as(f);
                 },
                 [](const room_page& b) {
                   page_form f;
                   f.last_seq = b.last_seq;
                   f.first_seq = b.first_seq;
                   for (const auto& e : b.events) {
                     f.events.push_back(form_of(e));
                   }
                   return packing::encode_as(f);
                 },
                 [](const user_views& b) {
                   return packing::encode_as(document_form{
                       document_of(protocol::user_list_response{b.users, b.stopped_at}), false});
                 },
                 [](const room_views& b) {
                   return packing::encode_as(document_form{
                       document_of(protocol::room_list_response{b.rooms, b.stopped_at}), false});
                 },
                 [](const error& e) { return packing::encode_as(error_form(e)); },
                 [](const done&) { return std::string{}; },
                 [](const auto& b) { return packing::encode_as(b); }},
      body);
}

template <class T>
T parse_reply_body(std::string_view bytes) {
  if constexpr (std::is_same_v<T, answered>) {
    auto f = unpack<document_form>("answer", bytes);
    return {answer_of(f.document), f.duplicate};
  } else if constexpr (std::is_same_v<T, session_opened>) {
    auto f = unpack<document_form>("session", bytes);
    return {answer_as<protocol::auth_response>(f.document), f.duplicate};
  } else if constexpr (std::is_same_v<T, user_attached>) {
    auto f = unpack<attached_form>("user_attached", bytes);
    user_attached b{answer_as<protocol::user_response>(f.self).user,
                    f.rooms_version,
                    {},
                    f.status,
                    f.status_at,
                    f.device_id,
                    {f.scopes, f.token_rooms}};
    for (const auto& line : f.rooms) {
      b.rooms.push_back(line.back());
    }
    return b;
  } else if constexpr (std::is_same_v<T, user_room_lines>) {
    user_room_lines b;
    for (const auto& line : unpack<lines_form>("lines", bytes).rooms) {
      b.rooms.push_back(line.back());
    }
    return b;
  } else if constexpr (std::is_same_v<T, room_attached>) {
    auto f = unpack<room_attached_form>("room_attached", bytes);
    room_attached b{f.after_seq, f.last_seq, f.term, {}};
    for (const auto& m : f.members) {
      b.members.emplace_back(m.id, m.seq);
    }
    return b;
  } else if constexpr (std::is_same_v<T, room_page>) {
    auto f = unpack<page_form>("room_page", bytes);
    room_page b;
    b.last_seq = f.last_seq;
    b.first_seq = f.first_seq;
    for (const auto& e : f.events) {
      b.events.push_back(event_of(e));
    }
    return b;
  } else if constexpr (std::is_same_v<T, user_views>) {
    auto list = answer_as<protocol::user_list_response>(
        unpack<document_form>("user_views", bytes).document);
    return {std::move(list.users), std::move(list.next_cursor)};
  } else if constexpr (std::is_same_v<T, room_views>) {
    auto list = answer_as<protocol::room_list_response>(
        unpack<document_form>("room_views", bytes).document);
    return {std::move(list.rooms), std::move(list.next_cursor)};
  } else if constexpr (std::is_same_v<T, error>) {
    return unpack<error_form>("error", bytes).back();
  } else if constexpr (packing::described<T>) {
    return unpack<T>("reply", bytes);
  } else {
    return {};
  }
}

/// Builds alternative `kind` of a variant with the parser of that alternative.
template <class Variant, class Parse, std::size_t... I>
Variant alternative(std::uint8_t kind, Parse parse, std::index_sequence<I...>) {
  std::optional<Variant> v;
  ((kind == I ? void(v.emplace(parse.template operator()<std::variant_alternative_t<I, Variant>>()))
              : void()),
   ...);
  if (!v) {
    throw damaged("an unknown kind");
  }
  return std::move(*v);
}

call_ptr parse_call(std::string_view bytes) {
  auto f = unpack<call_form>("call", bytes);
  auto c = std::make_shared<call>();
  c->number = f.number;
  c->shard = f.shard;
  c->target = f.target;
  c->from = {f.user_id, f.message_id, f.fingerprint, f.role};
  c->timeout_ms = f.timeout_ms;
  c->body = alternative<call_body>(
      f.kind, [&]<class T>() { return parse_call_body<T>(f.body); },
      std::make_index_sequence<std::variant_size_v<call_body>>{});
  return c;
}

reply_ptr parse_reply(std::string_view bytes) {
  auto f = unpack<reply_form>("reply", bytes);
  auto r = std::make_shared<reply>();
  r->number = f.number;
  r->body = alternative<reply_body>(
      f.kind, [&]<class T>() { return parse_reply_body<T>(f.body); },
      std::make_index_sequence<std::variant_size_v<reply_body>>{});
  return r;
}

room_publish_ptr parse_publish(std::string_view bytes) {
  auto f = unpack<publish_form>("publish", bytes);
  auto p = std::make_shared<room_publish>();
  p->room_id = f.room_id;
  p->term = f.term;
  p->last_seq = f.last_seq;
  p->reset = f.reset;
  if (f.event) {
    p->event = std::make_shared<const stream_event>(event_of(*f.event));
  }
  return p;
}

constexpr std::string_view group_kinds = "gtm";  // by group_message::what

group_message parse_group_message(std::string_view bytes, char kind) {
  constexpr std::size_t header = 10;
  if (bytes.size() < header) {
    throw damaged("a short message of a group");
  }
  group_message m;
  for (std::size_t i = 0; i < 2; ++i) {
    m.shard = static_cast<std::uint16_t>((m.shard << 8) | static_cast<std::uint8_t>(bytes[i]));
  }
  for (std::size_t i = 2; i < header; ++i) {
    m.from = (m.from << 8) | static_cast<std::uint8_t>(bytes[i]);
  }
  m.bytes = bytes.substr(header);
  m.kind = static_cast<group_message::what>(group_kinds.find(kind));
  return m;
}

}  // namespace

std::string encode(const call& c) {
  return "c" + packing::encode_as(call_form{c.number, c.shard, c.target, c.from.user_id,
                                            c.from.message_id, c.from.fingerprint, c.timeout_ms,
                                            static_cast<std::uint8_t>(c.body.index()),
                                            body_of(c.body), c.from.role});
}

std::string encode(const reply& r) {
  return "r" + packing::encode_as(reply_form{r.number, static_cast<std::uint8_t>(r.body.index()),
                                             body_of(r.body)});
}

std::string encode(const room_publish& p) {
  publish_form f{p.room_id, p.term, p.last_seq, p.reset, {}};
  if (p.event) {
    f.event = form_of(*p.event);
  }
  return "p" + packing::encode_as(f);
}

std::string encode(const user_notice& n) {
  return "n" + packing::encode_as(n);
}

std::string encode(const presence_publish& p) {
  return "s" + packing::encode_as(p);
}

std::string encode(const leader_probe& p) {
  return "q" + packing::encode_as(p);
}

// By far the most frequent kind, and nothing but numbers and bytes: big-endian shard and sender,
// then the message.
std::string encode(const group_message& m) {
  std::string out;
  out.reserve(11 + m.bytes.size());
  out += group_kinds[static_cast<std::size_t>(m.kind)];
  for (int shift = 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(m.shard >> shift);
  }
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>(m.from >> shift);
  }
  out += m.bytes;
  return out;
}

expected<decoded> decode(std::string_view frame) {
  try {
    if (frame.empty()) {
      throw damaged("an empty frame");
    }
    const auto body = frame.substr(1);
    switch (frame.front()) {
      case 'c':
        return parse_call(body);
      case 'r':
        return parse_reply(body);
      case 'p':
        return parse_publish(body);
      case 'n':
        return std::make_shared<const user_notice>(unpack<user_notice>("notice", body));
      case 's':
        return std::make_shared<const presence_publish>(unpack<presence_publish>("presence", body));
      case 'g':
      case 't':
      case 'm':
        return parse_group_message(body, frame.front());
      case 'q':
        return std::make_shared<const leader_probe>(unpack<leader_probe>("probe", body));
      case 'w':
        if (auto w = decode_word(body)) {
          return std::move(*w);
        } else {
          return unexpected(w.error());
        }
      default:
        throw damaged("an unknown kind of frame");
    }
  } catch (const std::exception& e) {
    return fail(ec::internal, std::string("damaged frame: ") + e.what());
  }
}

}  // namespace greenroom::actors::frames
