// SPDX-License-Identifier: MIT
#include "actors/open_calls.hpp"

#include <utility>

namespace greenroom::actors {

namespace {

void send_to(const reply_sink& sink, call_number number, reply_body body) {
  auto r = std::make_shared<reply>();
  r->number = number;
  r->body = std::move(body);
  caf::anon_send(sink, reply_ptr(std::move(r)));
}

}  // namespace

void send_reply(const asked& a, reply_body body) {
  send_to(a.sink, a.what->number, std::move(body));
}

bool open_calls::put(const asked& a) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return false;
  }
  calls_.insert_or_assign(key_of(a), a.sink);
  return true;
}

bool open_calls::take(const asked& a) {
  const std::lock_guard lock(mutex_);
  return calls_.erase(key_of(a)) > 0;
}

bool open_calls::close_if_empty() {
  const std::lock_guard lock(mutex_);
  if (!calls_.empty()) {
    return false;
  }
  closed_ = true;
  return true;
}

std::size_t open_calls::size() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void open_calls::fail_all(const error& why) {
  std::unordered_map<key, reply_sink, key_hash> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left = std::exchange(calls_, {});
  }
  for (const auto& [k, sink] : left) {
    send_to(sink, k.number, why);
  }
}

}  // namespace greenroom::actors
