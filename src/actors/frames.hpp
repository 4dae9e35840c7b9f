// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What travels over links, as bytes: one kind byte, then the body. Documents for clients travel in
/// their MessagePack form, so that an event is encoded once for the wire and for sockets alike.
/// Decoding is bounded; damage is an error, never an exception.

#include <string>
#include <string_view>
#include <variant>

#include "actors/cluster_interfaces.hpp"

namespace greenroom::actors::frames {

std::string encode(const call& c);
std::string encode(const reply& r);
std::string encode(const room_publish& p);
std::string encode(const user_notice& n);
std::string encode(const peer_word& w);
std::string encode(const group_message& m);
std::string encode(const leader_probe& p);
std::string encode(const presence_publish& p);

using decoded = std::variant<call_ptr, reply_ptr, room_publish_ptr, user_notice_ptr, peer_word,
                             group_message, leader_probe_ptr, presence_publish_ptr>;
expected<decoded> decode(std::string_view frame);
/// The body of a frame of the last kind.
expected<peer_word> decode_word(std::string_view body);

/// The dialing side's first words. `nonce`: 16 random bytes.
struct hello {
  std::uint32_t protocol = 1;
  peer_info who;
  std::string nonce;
};
/// The accepting side: itself, its certificate, its signature over both nonces, and its own nonce.
struct welcome {
  std::uint32_t protocol = 1;
  peer_info who;
  std::string nonce;
  std::string certificate;
  std::string signature;
  std::string refusal;  ///< not empty: why not
};
struct proof {
  node_id id;
  std::string certificate;
  std::string signature;
};
std::string encode(const hello& h);
std::string encode(const welcome& w);
std::string encode(const proof& p);
expected<hello> decode_hello(std::string_view bytes);
expected<welcome> decode_welcome(std::string_view bytes);
expected<proof> decode_proof(std::string_view bytes);

/// What both sides sign: binds the signature to this link, its direction and both nodes.
std::string statement(std::string_view role, const node_id& dialer, const node_id& acceptor,
                      std::string_view dialer_nonce, std::string_view acceptor_nonce);

}  // namespace greenroom::actors::frames
