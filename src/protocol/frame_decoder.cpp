// SPDX-License-Identifier: MIT
#include "protocol/frame_decoder.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace greenroom::protocol {

namespace {

/// An empty buffer keeps no more: most connections are idle.
constexpr std::size_t kept_bytes = 1024;
/// Inflating begins with room for this much, and doubles it.
constexpr std::size_t first_room = 4096;

struct ended {
  void operator()(z_stream* z) const noexcept {
    inflateEnd(z);
    delete z;
  }
};

void forget(std::string& s) noexcept {
  if (s.capacity() > kept_bytes) {
    std::string().swap(s);
  } else {
    s.clear();
  }
}

}  // namespace

void frame_decoder::feed(std::string_view bytes) {
  if (lost_) return;
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_ += bytes;
}

expected<std::optional<whole_frame>> frame_decoder::next() {
  forget(inflated_);
  if (lost_) return unexpected(*lost_);
  const auto rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) {
    at_ = 0;
    forget(buffer_);
    return std::nullopt;
  }
  if (rest.size() < frame_header_bytes) return wait_behind(rest);
  const auto h = read_frame_header(rest);
  if (auto right = check_frame_header(h, who_, bytes_max_); !right) {
    return lose(std::move(right.error()));
  }
  if (rest.size() - frame_header_bytes < h.length) return wait_behind(rest);
  at_ += frame_header_bytes + h.length;
  ++frames_;
  const auto payload = rest.substr(frame_header_bytes, h.length);
  if ((h.flags & frame_deflated) == 0) return whole_frame{h.number, payload};
  auto document = inflate(payload);
  if (!document) return lose(std::move(document.error()));
  return whole_frame{h.number, *document};
}

/// What has been told does not keep its memory because a little of the next frame has come.
std::nullopt_t frame_decoder::wait_behind(std::string_view rest) {
  if (at_ > 0 && buffer_.capacity() > 2 * rest.size() + kept_bytes) {
    std::string(rest).swap(buffer_);
    at_ = 0;
  }
  return std::nullopt;
}

expected<std::string_view> frame_decoder::inflate(std::string_view payload) {
  auto made = std::make_unique<z_stream>();
  if (inflateInit(made.get()) != Z_OK) return fail(ec::internal, "a frame could not be inflated");
  const std::unique_ptr<z_stream, ended> z(made.release());
  // zlib's type has no const; it does not write there.
  z->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(payload.data()));
  z->avail_in = static_cast<uInt>(payload.size());
  std::size_t filled = 0;
  for (;;) {
    if (filled == inflated_.size()) {
      // One byte more than there may be: then it is known that there is too much.
      if (filled > bytes_max_) return too_large("document", static_cast<std::int64_t>(bytes_max_));
      inflated_.resize(std::min(std::max(inflated_.size() * 2, first_room), bytes_max_ + 1));
    }
    z->next_out = reinterpret_cast<Bytef*>(inflated_.data()) + filled;
    z->avail_out = static_cast<uInt>(inflated_.size() - filled);
    const auto result = ::inflate(z.get(), Z_NO_FLUSH);
    filled = inflated_.size() - z->avail_out;
    if (result == Z_STREAM_END) break;
    if (result != Z_OK || (z->avail_in == 0 && z->avail_out > 0)) {
      return invalid_field("document", "the payload is not a whole zlib stream");
    }
  }
  if (filled > bytes_max_) return too_large("document", static_cast<std::int64_t>(bytes_max_));
  if (z->avail_in > 0) {
    return invalid_field("document", "there is something after the zlib stream");
  }
  return std::string_view(inflated_).substr(0, filled);
}

tl::unexpected<error> frame_decoder::lose(error why) {
  clear();
  lost_ = why;
  return unexpected(std::move(why));
}

void frame_decoder::forget_document() noexcept {
  forget(inflated_);
}

void frame_decoder::clear() noexcept {
  std::string().swap(buffer_);
  std::string().swap(inflated_);
  at_ = 0;
}

}  // namespace greenroom::protocol
