// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What waits to be written to one client, and in which order: frames of documents, bounded by
/// messages and bytes, and between them one frame at a time that the protocol itself needs (ping,
/// pong, close), which goes ahead of what has not begun. No frame is ever cut by another. Holds
/// hardly any memory while empty, since most of many thousand connections are. Pure.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/outgoing.hpp"

namespace greenroom::net {

class outbound_queue {
 public:
  outbound_queue(std::size_t messages_max, std::size_t bytes_max)
      : messages_max_(messages_max), bytes_max_(bytes_max) {}

  /// False when it is full. Into an empty queue everything fits, however long it is: the limit is
  /// about what a client leaves lying.
  [[nodiscard]] bool push(const outgoing& o);
  /// A whole control frame, when there is none. Behind a close frame nothing is written any more.
  void put_control(std::string frame);
  /// The same of any frame, behind which nothing is written.
  void put_last(std::string frame);

  /// What to write next, in its order; returns how many of `parts` that are.
  [[nodiscard]] std::size_t gather(std::span<iovec> parts) const;
  struct taken {
    std::uint32_t messages = 0;
    std::size_t document_bytes = 0;  ///< of these messages
    bool control = false;            ///< the control frame is out
  };
  /// So many of the bytes that gather() told are written.
  taken take(std::size_t bytes);

  /// Drops documents of which no byte is written.
  void drop_unstarted();
  /// Drops everything.
  void clear();

  /// Nothing is to be written.
  [[nodiscard]] bool empty() const noexcept { return control_.empty() && size() == 0; }
  /// Nothing will be written behind the close frame.
  [[nodiscard]] bool sealed() const noexcept { return sealed_; }
  /// Documents of which a part is left, and their bytes.
  [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size() - first_; }
  /// A document is written in part: only its rest can come next.
  [[nodiscard]] bool in_frame() const noexcept { return sent_ > frame_start_; }
  [[nodiscard]] std::size_t end_of_first() const noexcept;
  void pop();
  void drop_items();
  /// Counts what is out of the first as sent.
  void count_frames(taken& t);

  const std::size_t messages_max_;
  const std::size_t bytes_max_;
  std::vector<outgoing> items_;
  std::size_t first_ = 0;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  // Of the first:
  std::size_t sent_ = 0;         ///< bytes
  std::size_t frame_start_ = 0;  ///< of the frame that the next byte belongs to
  std::size_t end_ = 0;          ///< not 0: what comes from there on has been dropped
  std::string control_;
  std::size_t control_sent_ = 0;
  bool sealed_ = false;
};

}  // namespace greenroom::net
