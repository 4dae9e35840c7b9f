// SPDX-License-Identifier: MIT
#include "search/mended_index.hpp"

#include <algorithm>

namespace greenroom::search {

index* mended_index::get(clock::time_point now) {
  if (index_) return index_.get();
  if (now < not_before_) return nullptr;
  try {
    index_ = std::make_unique<index>(file_);
    opened_ = true;
  } catch (const broken& e) {
    pause(e.what(), now);
  }
  return index_.get();
}

bool mended_index::mend(const std::string& why, clock::time_point now) {
  index_.reset();
  index::discard(file_);
  why_not_ = why;
  if (mended_ && now - mended_at_ < between_mendings) {
    not_before_ = mended_at_ + between_mendings;
    return false;
  }
  mended_ = true;
  mended_at_ = now;
  not_before_ = now;
  return true;
}

void mended_index::pause(const std::string& why, clock::time_point now) {
  index_.reset();
  why_not_ = why;
  not_before_ = std::max(not_before_, now + pause_);
  pause_ = std::min(pause_ * 2, pause_max);
}

}  // namespace greenroom::search
