// SPDX-License-Identifier: MIT
/// What an I/O thread does with the wishes that have gathered: a turn. Each is first only queued at
/// its sockets, then every socket that got something is written once; but see fan_out.cpp.
/// Documents for the same list of receivers are put together with the first of them, once for all:
/// that is what makes a busy room cheap. A list belongs to one room (actors/relay.hpp), so this may
/// move an event of one room ahead of another's, between which there is no order. Sockets to which
/// anything else goes in the turn stand aside: they get every document in its place.
///
/// Where memory does not suffice, whoever would miss something is cut off: he comes back and
/// resumes, while a hole in what he got would never be noticed.
#include "net/hub.hpp"
#include "net/net_metrics.hpp"
#include "runtime/wakes.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

// Put together at most; also what may be queued at a socket beyond its limit, if it was empty.
constexpr std::uint32_t together_documents_max = 64;
constexpr std::size_t together_bytes_max = 256 * 1024;

bool fits(std::size_t documents, std::size_t bytes, const frame& one_more) {
  return documents < together_documents_max && bytes + one_more->size() <= together_bytes_max;
}

}  // namespace

/// Also where there is no memory for a line.
void io_thread::complain(const char* what, const char* why) noexcept {
  try {
    telemetry::log("net").error("{}: {}", what, why);
  } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to tell
  }
}

void io_thread::run_wishes() {
  const auto begin = steady::now();
  turn_load load;
  {
    const std::lock_guard lock(wishes_mutex_);
    turn_.swap(wishes_);
    load = std::exchange(load_, {});
  }
  if (turn_.empty()) return;
  // A turn may take milliseconds: what has been read is decided meanwhile.
  runtime::wake_gathered();
  read_first_.turn_begins();
  in_turn_ = true;
  ++turn_number_;
  try {
    find_those_aside();
    find_those_together();
    if (lists_ > 1) find_those_often_listed();
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
  load.lists = lists_;
  pace_.ran(begin, steady::now(), load);
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
  lists_ = 0;
  chain_.assign(turn_.size(), {});
  aside_.clear();
  for (std::uint32_t i = 0; i < turn_.size(); ++i) {
    const auto& w = turn_[i];
    chain_[i].first = i;
    if (!w.receivers) continue;
    const auto size = w.document->size();
    const auto [found, is_new] = open_.try_emplace(w.receivers.get(), together{i, 1, size});
    if (is_new) {
      ++lists_;
      continue;
    }
    auto& t = found->second;
    if (!fits(t.documents, t.bytes, w.document)) {
      ++lists_;
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
      session->answer(w.document);
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
      session->send(packed(*session, documents_));
      break;
    }
    case wish::what::credit_back:
      session->give_back_credit(w.messages);
      break;
    case wish::what::authenticated:
      session->authenticated();
      break;
    case wish::what::close:
      session->close(w.code, w.reason);
      break;
  }
  return next;
}

outgoing io_thread::packed(const socket_session& s, std::span<const frame> documents) const {
  return make_outgoing(s.form, documents, hub_.options.deflate_from_bytes);
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
