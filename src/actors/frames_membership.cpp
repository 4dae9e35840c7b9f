// SPDX-License-Identifier: MIT
/// Frames and handshakes about membership.

#include "actors/frames.hpp"
#include "actors/frames_bodies.hpp"
#include "placement/codec.hpp"

namespace greenroom::actors {

namespace {

struct node_form {
  uuid id;
  std::string name;
  std::string address;
  std::string version;
  placement::node_state state = placement::node_state::joining;
  std::int64_t joined_at = 0;
};
auto fields(link_form<node_form> auto& v) {
  return std::tie(v.id, v.name, v.address, v.version, v.state, v.joined_at);
}

struct group_form {
  std::uint16_t shard = 0;
  std::uint64_t index = 0;
  std::vector<uuid> nodes;
};
auto fields(link_form<group_form> auto& v) {
  return std::tie(v.shard, v.index, v.nodes);
}

struct used_form {
  uuid user;
  std::uint32_t count = 0;
};
auto fields(link_form<used_form> auto& v) {
  return std::tie(v.user, v.count);
}

struct word_form {
  std::optional<node_form> join;
  std::string map;
  bool announce = false;
  std::optional<leader_notice> leader;
  bool draining = false;
  std::optional<group_form> group;
  std::uint64_t kept = 0;
  std::uint64_t sync_us = 0;
  bool bad_disk = false;
  std::vector<used_form> used;
};
auto fields(link_form<word_form> auto& v) {
  return std::tie(v.join, v.map, v.announce, v.leader, v.draining, v.group, v.kept, v.sync_us,
                  v.bad_disk, v.used);
}

struct hello_form {
  std::uint32_t protocol = 0;
  uuid id;
  std::string name;
  std::string version;
  std::string address;
  uuid cluster_id;
  std::string nonce;
  std::string certificate;
  std::string signature;
  std::string refusal;
  std::uint64_t kept = 0;
};
auto fields(link_form<hello_form> auto& v) {
  return std::tie(v.protocol, v.id, v.name, v.version, v.address, v.cluster_id, v.nonce,
                  v.certificate, v.signature, v.refusal, v.kept);
}

/// Nonces and signatures are bytes; the packing knows only texts, so they travel as hex.
std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string from_hex(std::string_view text) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(((value(text[i]) & 15) << 4) | (value(text[i + 1]) & 15));
  }
  return out;
}

hello_form form_of(std::uint32_t protocol, const peer_info& who) {
  hello_form f;
  f.protocol = protocol;
  f.id = who.id;
  f.name = who.name;
  f.version = who.version;
  f.address = who.address;
  f.cluster_id = who.cluster_id;
  f.kept = who.kept;
  return f;
}

peer_info peer_of(const hello_form& f) {
  return {f.id, f.name, f.version, f.address, f.cluster_id, f.kept};
}

}  // namespace

namespace frames {

namespace packing = store::packing;

std::string encode(const peer_word& w) {
  word_form f;
  if (w.join) {
    f.join = node_form{w.join->id,      w.join->name,  w.join->address,
                       w.join->version, w.join->state, w.join->joined_at};
  }
  if (w.map) {
    f.map = to_hex(placement::encode(*w.map));
  }
  f.announce = w.announce;
  f.leader = w.leader;
  f.draining = w.draining;
  f.kept = w.kept;
  f.sync_us = w.sync_us;
  f.bad_disk = w.bad_disk;
  for (const auto& u : w.used) {
    f.used.push_back({u.user, u.count});
  }
  if (w.group) {
    f.group = group_form{w.group->shard, w.group->index, w.group->nodes};
  }
  return "w" + packing::encode_as(f);
}

expected<peer_word> decode_word(std::string_view bytes) {
  const auto f = packing::decode_as<word_form>("word", bytes);
  if (!f) {
    return unexpected(f.error());
  }
  peer_word w;
  if (f->join) {
    w.join = placement::node_info{f->join->id,      f->join->name,  f->join->address,
                                  f->join->version, f->join->state, f->join->joined_at};
  }
  if (!f->map.empty()) {
    auto map = placement::decode_map(from_hex(f->map));
    if (!map) {
      return unexpected(map.error());
    }
    w.map = std::make_shared<const placement::cluster_map>(std::move(*map));
  }
  w.announce = f->announce;
  w.leader = f->leader;
  w.draining = f->draining;
  w.kept = f->kept;
  w.sync_us = f->sync_us;
  w.bad_disk = f->bad_disk;
  for (const auto& u : f->used) {
    w.used.push_back({u.user, u.count});
  }
  if (f->group) {
    w.group = placement::report_group{f->group->shard, f->group->index, f->group->nodes};
  }
  return w;
}

std::string encode(const hello& h) {
  auto f = form_of(h.protocol, h.who);
  f.nonce = to_hex(h.nonce);
  return packing::encode_as(f);
}

std::string encode(const welcome& w) {
  auto f = form_of(w.protocol, w.who);
  f.nonce = to_hex(w.nonce);
  f.certificate = w.certificate;
  f.signature = to_hex(w.signature);
  f.refusal = w.refusal;
  return packing::encode_as(f);
}

std::string encode(const proof& p) {
  hello_form f;
  f.id = p.id;
  f.certificate = p.certificate;
  f.signature = to_hex(p.signature);
  return packing::encode_as(f);
}

expected<hello> decode_hello(std::string_view bytes) {
  const auto f = packing::decode_as<hello_form>("hello", bytes);
  if (!f) {
    return unexpected(f.error());
  }
  return hello{f->protocol, peer_of(*f), from_hex(f->nonce)};
}

expected<welcome> decode_welcome(std::string_view bytes) {
  const auto f = packing::decode_as<hello_form>("welcome", bytes);
  if (!f) {
    return unexpected(f.error());
  }
  return welcome{
      f->protocol, peer_of(*f), from_hex(f->nonce), f->certificate, from_hex(f->signature),
      f->refusal};
}

expected<proof> decode_proof(std::string_view bytes) {
  const auto f = packing::decode_as<hello_form>("proof", bytes);
  if (!f) {
    return unexpected(f.error());
  }
  return proof{f->id, f->certificate, from_hex(f->signature)};
}

std::string statement(std::string_view role, const node_id& dialer, const node_id& acceptor,
                      std::string_view dialer_nonce, std::string_view acceptor_nonce) {
  std::string text = "greenroom-link-1 ";
  text += role;
  text += ' ';
  text += dialer.str() + ' ' + acceptor.str() + ' ' + to_hex(dialer_nonce) + ' ' +
          to_hex(acceptor_nonce);
  return text;
}

}  // namespace frames

}  // namespace greenroom::actors
