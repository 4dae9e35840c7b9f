// SPDX-License-Identifier: MIT
/// Documents for a list of receivers: the hottest loop of the node, whose price is a system call
/// and what is read of memory for each of them. A turn (wishes.cpp) reaches for them one by one,
/// and a thousand sockets are more than the processor's caches hold: so whom nothing else concerns
/// in the turn is written here at once, out of the shared bytes and past his session, of which one
/// place of memory is read. Everybody else, and whoever does not take it all, has it queued like
/// anything.
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/hub.hpp"

namespace greenroom::net {

namespace {

/// What fan-out reads and writes of a session, which may begin anywhere in a line of the cache.
void fetch_ahead(const socket_session* s) noexcept {
  if (s == nullptr) return;
  __builtin_prefetch(s, 1);
  __builtin_prefetch(&s->bytes_out, 1);
}

}  // namespace

/// Who is in several of the turn's lists is written once for all of them.
void io_thread::find_those_often_listed() {
  for (std::size_t i = 0; i < turn_.size(); ++i) {
    if (!turn_[i].receivers || chain_[i].first != i) continue;
    for (const auto id : *turn_[i].receivers) {
      auto* session = sessions_.find(id);
      if (session == nullptr) continue;
      session->in_several_lists = session->listed_in_turn == turn_number_;
      session->listed_in_turn = turn_number_;
    }
  }
}

void io_thread::fan_out(std::size_t first) {
  documents_.assign(1, turn_[first].document);
  for (auto i = chain_[first].next; i != 0; i = chain_[i].next)
    documents_.push_back(turn_[i].document);
  const bool several = documents_.size() > 1;
  chain_[first].aside_begin = chain_[first].aside_end = aside_.size();
  std::array<outgoing, outgoing_form::count> made;
  const auto& receivers = *turn_[first].receivers;
  auto* next = receivers.empty() ? nullptr : sessions_.find(receivers[0]);
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    auto* session = next;  // also if it has ended since: it is there until the turn ends
    next = i + 1 < receivers.size() ? sessions_.find(receivers[i + 1]) : nullptr;
    fetch_ahead(next);
    if (session == nullptr) continue;
    const bool aside = session->aside_in_turn == turn_number_;
    if (several && aside) {
      aside_.push_back(session);
      continue;
    }
    auto& o = made[session->form.index()];
    if (!o.bytes) o = packed(*session, documents_);
    const bool gets_more = aside || (lists_ > 1 && session->in_several_lists);
    if (gets_more || !write_at_once(*session, o)) {
      touch(*session);
      session->send(o);
    }
  }
  chain_[first].aside_end = aside_.size();
  tell_those_aside(first);
}

/// False when there is no way past the session.
bool io_thread::write_at_once(socket_session& s, const outgoing& o) {
  if (s.way < 0) return false;
  const auto& bytes = *o.bytes;
  const auto sent = ::send(s.way, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) {
    s.messages_out += o.messages;
    s.bytes_out += o.document_bytes;
    count_sent(o.messages, o.document_bytes);
    return true;
  }
  const bool is_full = sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  try {
    if (is_full) {
      s.written_in_part(o, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    } else {
      s.write_failed();
    }
  } catch (const std::exception& e) {
    abandon(s);  // alone: the others have it, or get it
    complain("a connection could not be written", e.what());
  }
  return true;
}

void io_thread::tell_those_aside(std::size_t which) {
  const auto& first = chain_[chain_[which].first];
  std::array<outgoing, outgoing_form::count> made;
  for (auto i = first.aside_begin; i < first.aside_end; ++i) {
    auto& session = *aside_[i];
    auto& o = made[session.form.index()];
    if (!o.bytes) o = packed(session, {&turn_[which].document, 1});
    touch(session);
    session.send(o);
  }
}

}  // namespace greenroom::net
