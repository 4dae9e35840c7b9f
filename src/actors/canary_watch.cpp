// SPDX-License-Identifier: MIT
#include "actors/canary_watch.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::actors {

std::uint64_t canary_watch::begin(clock::time_point now, linked peers) {
  under_way_ = true;
  began_ = now;
  next_ = now + pace_.within;
  parts_.clear();
  answered_.clear();
  asked_ = std::move(peers);
  std::erase_if(known_, [&](const auto& k) {
    const auto it = asked_.find(k.first);
    return it == asked_.end() || it->second != k.second;
  });
  return ++round_;
}

void canary_watch::heard(part which, std::uint64_t round) {
  if (under_way_ && round == round_) {
    parts_.insert(which);
  }
}

std::optional<canary_watch::clock::duration> canary_watch::heard_from(const uuid& node,
                                                                      std::uint64_t round,
                                                                      clock::time_point now) {
  const auto asked = asked_.find(node);
  if (asked == asked_.end() || round > round_) {
    return std::nullopt;
  }
  // Who answers late is somebody who answers.
  known_.insert_or_assign(node, asked->second);
  if (round != round_ || !answered_.insert(node).second) {
    return std::nullopt;
  }
  return now - began_;
}

std::vector<std::string> canary_watch::not_heard(const linked& now_linked) const {
  std::vector<std::string> all;
  if (!parts_.contains(part::actors)) all.emplace_back("its actors");
  if (!parts_.contains(part::log)) all.emplace_back("the disk of its log");
  if (!parts_.contains(part::sockets)) all.emplace_back("its sockets");
  // Whose link has ended meanwhile, or is another one, says nothing about this node.
  const auto counts = [&](const auto& k) {
    const auto it = now_linked.find(k.first);
    return it != now_linked.end() && it->second == k.second && asked_.contains(k.first);
  };
  if (answered_.empty() && std::ranges::any_of(known_, counts)) {
    all.emplace_back("any other node");
  }
  return all;
}

canary_watch::verdict canary_watch::look(clock::time_point now, const linked& now_linked) {
  if (!under_way_) {
    return verdict::pending;
  }
  auto missing = not_heard(now_linked);
  if (missing.empty()) {
    missing_.clear();
    end(began_ + pace_.every);
    return verdict::good;
  }
  if (now - began_ < pace_.within) {
    return verdict::pending;
  }
  missing_ = std::move(missing);
  end(now + pace_.again_after);
  return verdict::bad;
}

void canary_watch::end(clock::time_point next) {
  under_way_ = false;
  next_ = next;
}

}  // namespace greenroom::actors
