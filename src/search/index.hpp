// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The full-text index of one node: SQLite FTS5 in a file of its own. It can be thrown away at any
/// time; what is in it is found again in the rooms' logs. Not thread-safe.
///
/// Two tables: words (any script, accents and case do not matter) and, for texts in scripts without
/// spaces between words, sequences of three characters.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/query.hpp"

namespace greenroom::search {

/// A message as it is now.
struct document {
  uuid room_id;
  std::uint64_t seq = 0;
  uuid id;
  uuid sender_id;
  unix_ms created_at = 0;
  std::uint8_t has = 0;  ///< search::trait
  std::string content;
};

/// Where a page ends: hits come newest first.
struct position {
  unix_ms created_at = 0;
  uuid id;
};

struct hit {
  uuid room_id;
  std::uint64_t seq = 0;
  uuid id;
  unix_ms created_at = 0;
  std::string snippet;  ///< some words around what was found
};

/// The file cannot be used: full disk, damage that making it anew did not mend.
class broken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What is in the file cannot be read: it has to be made anew (search/mended_index.hpp).
class damaged : public broken {
 public:
  using broken::broken;
};

class index {
 public:
  /// Makes the file, or opens it. One that is damaged or of another version is made anew, empty.
  explicit index(const std::filesystem::path& file);
  ~index();
  /// There was one, and nothing of it could be used.
  [[nodiscard]] bool was_made_anew() const noexcept { return made_anew_; }
  /// Deletes the files of an index that nobody has open.
  static void discard(const std::filesystem::path& file);
  index(const index&) = delete;
  index& operator=(const index&) = delete;

  /// Everything between them is written together or not at all.
  void begin();
  void commit();
  void roll_back() noexcept;

  /// Adds it, or puts it in the place of what was there for (room, seq).
  void put(const document& d);
  void remove(const uuid& room, std::uint64_t seq);
  void remove_room(const uuid& room);
  /// The messages up to `seq`, at most `limit` of them; how many there were.
  std::size_t remove_up_to(const uuid& room, std::uint64_t seq, std::size_t limit);
  /// Outside of begin and commit: when much of the file is free (4 MiB, and a quarter of it), gives
  /// at most `pages` of it back to the file system. True: there is more to give back.
  bool give_back(std::size_t pages);
  /// How far the room's log has been taken in; 0: not at all.
  [[nodiscard]] std::uint64_t progress(const uuid& room) const;
  void set_progress(const uuid& room, std::uint64_t seq);

  /// Messages of these rooms, newest first, after `from`. What takes longer than `patience_ms` ends
  /// with nothing: UNAVAILABLE.
  [[nodiscard]] expected<std::vector<hit>> find(const query& what, std::span<const uuid> rooms,
                                                const std::optional<position>& from,
                                                std::size_t limit, unix_ms patience_ms) const;
  [[nodiscard]] std::uint64_t size() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
  bool made_anew_ = false;
};

}  // namespace greenroom::search
