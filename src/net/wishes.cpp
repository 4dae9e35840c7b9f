// SPDX-License-Identifier: MIT
/// What an I/O thread does with the wishes that have gathered: a turn. Each is first only queued at
/// its sockets, then every socket that got something is written once. Documents for the same list
/// of receivers are put together with the first of them, once for all: that is what makes a busy
/// room cheap. A list belongs to one room (actors/relay.hpp), so this may move an event of one room
/// ahead of another's, between which there is no order. Sockets to which anything else goes in the
/// turn stand aside: they get every document in its place.
///
/// Where memory does not suffice, whoever would miss something is cut off: he comes back and
/// resumes, while a hole in what he got would never be noticed.
#include <array>

#include "net/hub.hpp"
#include "net/net_metrics.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

// Put together at most; also what may be queued at a socket beyond its limit, if it was empty.
constexpr std::uint32_t together_documents_max = 64;
constexpr std::size_t together_bytes_max = 256 * 1024;

bool fits(std::size_t documents, std::size_t bytes, const frame& one_more) {
  return documents < together_documents_max && bytes + one_more->size() <= together_bytes_max;
}

/// Also where there is no memory for a line.
void complain(const char* what, const char* why) noexcept {
  try {
    telemetry::log("net").error("{}: {}", what, why);
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to tell
  }
}

}  // namespace

void io_thread::run_wishes() {
  {
    const std::lock_guard lock(wishes_mutex_);
    turn_.swap(wishes_);
  }
  if (turn_.empty()) return;
  in_turn_ = true;
  ++turn_number_;
  try {
    find_those_aside();
    find_those_together();
  } catch (const std::exception& e) {  // no memory: nothing of the turn is begun
    for (const auto& w : turn_)
      abandon(w);
    complain("what sockets were to get is lost", e.what());
    turn_.clear();
  }
  for (std::size_t i = 0; i < turn_.size();) {
    auto next = i + 1;
    try {
      next = run(i);
    } catch (const std::exception& e) {
      abandon(turn_[i]);
      complain("what a connection was to get is lost", e.what());
    }
    i = next;
  }
  flush_touched();
  in_turn_ = false;
  forget_gone();
  constexpr std::size_t usual = 4096;
  if (turn_.capacity() > usual) {
    std::vector<wish>().swap(turn_);
    std::vector<link>().swap(chain_);
    std::vector<socket_session*>().swap(aside_);
  }
  turn_.clear();
  publish_sent();
}

void io_thread::find_those_aside() {
  const auto stand_aside = [this](connection_id id) {
    if (auto* session = sessions_.find(id)) session->aside_in_turn = turn_number_;
  };
  for (const auto& w : turn_) {
    if (!w.receivers) {
      stand_aside(w.id);
    } else if (w.receivers.use_count() == 1) {  // a list for one event: nobody can use it again
      for (const auto id : *w.receivers)
        stand_aside(id);
    }
  }
}

void io_thread::find_those_together() {
  open_.clear();
  chain_.assign(turn_.size(), {});
  aside_.clear();
  for (std::uint32_t i = 0; i < turn_.size(); ++i) {
    const auto& w = turn_[i];
    chain_[i].first = i;
    if (!w.receivers) continue;
    const auto size = w.document->size();
    const auto [found, is_new] = open_.try_emplace(w.receivers.get(), together{i, 1, size});
    if (is_new) continue;
    auto& t = found->second;
    if (!fits(t.documents, t.bytes, w.document)) {
      t = {i, 1, size};
      continue;
    }
    chain_[t.last].next = i;
    chain_[i].first = chain_[t.last].first;
    t = {i, t.documents + 1, t.bytes + size};
  }
}

/// Returns which wish is the next.
std::size_t io_thread::run(std::size_t first) {
  const auto& w = turn_[first];
  auto next = first + 1;
  if (w.receivers) {
    if (chain_[first].first == first) {
      fan_out(first);
    } else {
      tell_those_aside(first);
    }
    return next;
  }
  auto* session = sessions_.find(w.id);
  if (session == nullptr) return next;
  switch (w.kind) {
    case wish::what::answer:
      touch(*session);
      session->answer(make_outgoing(session->encoding, {&w.document, 1}));
      break;
    case wish::what::send: {
      documents_.assign(1, w.document);
      auto bytes = w.document->size();
      for (; next < turn_.size(); ++next) {
        const auto& more = turn_[next];
        if (more.receivers || more.kind != wish::what::send || more.id != w.id ||
            !fits(documents_.size(), bytes, more.document)) {
          break;
        }
        documents_.push_back(more.document);
        bytes += more.document->size();
      }
      touch(*session);
      session->send(make_outgoing(session->encoding, documents_));
      break;
    }
    case wish::what::authenticated:
      session->authenticated();
      break;
    case wish::what::close:
      session->close(w.code, w.reason);
      break;
  }
  return next;
}

void io_thread::fan_out(std::size_t first) {
  documents_.assign(1, turn_[first].document);
  for (auto i = chain_[first].next; i != 0; i = chain_[i].next)
    documents_.push_back(turn_[i].document);
  const bool several = documents_.size() > 1;
  chain_[first].aside_begin = chain_[first].aside_end = aside_.size();
  std::array<outgoing, 2> made;  // by encoding
  for (const auto id : *turn_[first].receivers) {
    auto* session = sessions_.find(id);
    if (session == nullptr) continue;
    if (several && session->aside_in_turn == turn_number_) {
      aside_.push_back(session);
      continue;
    }
    auto& o = made[static_cast<std::size_t>(session->encoding)];
    if (!o.bytes) o = make_outgoing(session->encoding, documents_);
    touch(*session);
    session->send(o);
  }
  chain_[first].aside_end = aside_.size();
  tell_those_aside(first);
}

void io_thread::tell_those_aside(std::size_t which) {
  const auto& first = chain_[chain_[which].first];
  std::array<outgoing, 2> made;
  for (auto i = first.aside_begin; i < first.aside_end; ++i) {
    auto& session = *aside_[i];
    auto& o = made[static_cast<std::size_t>(session.encoding)];
    if (!o.bytes) o = make_outgoing(session.encoding, {&turn_[which].document, 1});
    touch(session);
    session.send(o);
  }
}

/// What this wish was about did not reach all whom it concerns.
void io_thread::abandon(const wish& w) noexcept {
  const auto abandon_one = [this](connection_id id) {
    if (auto* session = sessions_.find(id)) abandon(*session);
  };
  if (!w.receivers) return abandon_one(w.id);
  for (const auto id : *w.receivers)
    abandon_one(id);
}

void io_thread::abandon(socket_session& s) noexcept {
  try {
    s.abort();
  } catch (const std::exception& e) {
    complain("a connection could not be ended", e.what());
  }
}

void io_thread::touch(socket_session& s) {
  if (s.touched) return;
  touched_.push_back(&s);
  s.touched = true;
}

void io_thread::flush_touched() {
  for (auto* session : touched_) {
    session->touched = false;
    try {
      session->flush();
    } catch (const std::exception& e) {
      abandon(*session);
      complain("a connection could not be written", e.what());
    }
  }
  touched_.clear();
  documents_.clear();
}

/// One after the other: a chain that ends all at once would need a stack as long as it is.
void io_thread::forget_gone() noexcept {
  while (gone_)
    gone_ = std::exchange(gone_->gone_next, nullptr);
}

void io_thread::publish_sent() {
  if (sent_messages_ == 0) return;
  auto& metrics = net_metrics::instance();
  metrics.messages_out.Increment(static_cast<double>(std::exchange(sent_messages_, 0)));
  metrics.bytes_out.Increment(static_cast<double>(std::exchange(sent_bytes_, 0)));
}

}  // namespace greenroom::net
