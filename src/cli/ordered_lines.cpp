// SPDX-License-Identifier: MIT
#include "cli/ordered_lines.hpp"

#include <algorithm>
#include <utility>

namespace greenroom::cli {

void ordered_lines::add(line l, clock::time_point now) {
  place p;
  p.number = ++last_;
  p.lines.push_back(std::move(l));
  p.latest = now + patience;
  places_.push_back(std::move(p));
}

std::uint64_t ordered_lines::reserve(clock::time_point now) {
  places_.push_back({++last_, false, {}, now + patience});
  return last_;
}

void ordered_lines::fill(std::uint64_t number, std::vector<line> lines, clock::time_point now) {
  const auto it = std::find_if(places_.begin(), places_.end(),
                               [&](const place& p) { return p.number == number; });
  if (it == places_.end()) {
    places_.push_back({++last_, true, std::move(lines), now + patience});
    return;
  }
  it->filled = true;
  it->lines = std::move(lines);
  it->latest = now + patience;  // its people are asked for only now
}

void ordered_lines::flush(clock::time_point now, const std::function<bool(const uuid&)>& is_known,
                          const std::function<void(const std::string&)>& print) {
  while (!places_.empty()) {
    const auto& p = places_.front();
    const bool named = std::all_of(p.lines.begin(), p.lines.end(), [&](const line& l) {
      return std::all_of(l.people.begin(), l.people.end(), is_known);
    });
    if (now < p.latest && (!p.filled || !named)) {
      return;
    }
    const auto lines = std::move(places_.front().lines);
    places_.pop_front();
    for (const auto& l : lines) {
      if (const auto text = l.text()) print(*text);
    }
  }
}

}  // namespace greenroom::cli
