// SPDX-License-Identifier: MIT
#include "search/index.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "protocol/text.hpp"
#include "search/statement.hpp"

namespace greenroom::search {

namespace {

constexpr int schema_version = 1;

constexpr const char* schema = R"(
  CREATE TABLE room (key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, seq INTEGER NOT NULL);
  CREATE TABLE message (
    key INTEGER PRIMARY KEY, room INTEGER NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL,
    sender BLOB NOT NULL, time INTEGER NOT NULL, has INTEGER NOT NULL, UNIQUE (room, seq));
  CREATE INDEX message_time ON message (room, time, id);
  CREATE VIRTUAL TABLE words USING fts5(content, tokenize = "unicode61 remove_diacritics 2");
  CREATE VIRTUAL TABLE grams USING fts5(content, tokenize = "trigram");
  PRAGMA user_version = 1;
)";

/// So many characters around what was found.
constexpr std::size_t snippet_before = 40;
constexpr std::size_t snippet_after = 120;
/// Free pages below this, or below a quarter of all, are kept: the next messages want some.
constexpr std::int64_t free_pages_kept = 1024;
/// Steps of SQLite's machine between two looks at the clock.
constexpr int steps_between = 20'000;

using steady = std::chrono::steady_clock;

std::string in_marks(std::string_view text, char with) {
  std::string out(1, with);
  for (const char c : text) {
    if (c == with) out += c;
    out += c;
  }
  out += with;
  return out;
}

/// For LIKE … ESCAPE '\'.
std::string anywhere(std::string_view text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + '%';
}

bool continues_char(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

/// Where the character begins that is `count` characters before `at`, or after it.
std::size_t back(std::string_view text, std::size_t at, std::size_t count) {
  while (at > 0 && count > 0) {
    --at;
    if (!continues_char(text[at])) --count;
  }
  return at;
}
std::size_t ahead(std::string_view text, std::size_t at, std::size_t count) {
  while (at < text.size() && count > 0) {
    ++at;
    if (at == text.size() || !continues_char(text[at])) --count;
  }
  return at;
}

/// The text around the first of the words that is there as it was typed (ASCII in any case).
std::string snippet_of(const std::string& content, const query& what) {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::size_t found = 0;
  for (const auto& w : what.words) {
    const auto at = std::search(content.begin(), content.end(), w.text.begin(), w.text.end(),
                                [&](char a, char b) { return fold(a) == fold(b); });
    if (at != content.end()) {
      found = static_cast<std::size_t>(at - content.begin());
      break;
    }
  }
  const auto from = back(content, found, snippet_before);
  const auto to = ahead(content, found, snippet_after);
  return (from > 0 ? "…" : "") + content.substr(from, to - from) + (to < content.size() ? "…" : "");
}

/// What FTS5 understands for the words that are found as words.
std::string match_of(const query& what) {
  std::string match;
  for (const auto& w : what.words) {
    if (w.anywhere) continue;
    if (!match.empty()) match += " AND ";
    match += in_marks(w.text, '"') + (w.prefix ? " *" : "");
  }
  return match;
}

/// The clock that ends a look-up that takes too long.
struct patience {
  steady::time_point until;
  ::sqlite3* db;
  patience(::sqlite3* which, unix_ms ms)
      : until(steady::now() + std::chrono::milliseconds(ms)), db(which) {
    ::sqlite3_progress_handler(
        db, steps_between,
        [](void* self) { return steady::now() > static_cast<patience*>(self)->until ? 1 : 0; },
        this);
  }
  ~patience() { ::sqlite3_progress_handler(db, 0, nullptr, nullptr); }
  patience(const patience&) = delete;
  patience& operator=(const patience&) = delete;
  [[nodiscard]] bool over() const { return steady::now() > until; }
};

}  // namespace

struct index::impl {
  explicit impl(const std::filesystem::path& file) : db(file.string()) {
    // It can be made anew, so nothing in it has to be on the disk at any time. What is said of
    // vacuuming counts in an empty file only, so it comes first; an older file stays as it is.
    db.run(
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; "
        "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 4194304;");
    statement version(db, "PRAGMA user_version");
    version.step();
    const auto found = version.number(0);
    version.reset();
    if (found == 0) {
      db.run(schema);
    } else if (found != schema_version) {
      throw damaged("made by another version");
    } else {
      for (const auto* table : {"room", "message", "words", "grams"}) {
        ensure_table(table);
      }
    }
    can_shrink = number_of("PRAGMA auto_vacuum") == 2;
  }

  [[nodiscard]] std::int64_t number_of(const char* pragma) const {
    statement s(db, pragma);
    return s.step() ? s.number(0) : 0;
  }
  /// More pages are free than are kept.
  [[nodiscard]] bool is_roomy() const {
    const auto unused = number_of("PRAGMA freelist_count");
    return unused > free_pages_kept && unused > number_of("PRAGMA page_count") / 4;
  }

  /// A file of this version that lacks a table was not made by us.
  void ensure_table(std::string_view name) const {
    statement s(db, "SELECT count(*) FROM sqlite_master WHERE name = ?");
    if (!s.bind(name).step() || s.number(0) == 0) throw damaged("a table is missing");
  }

  /// The key of a room; 0: unknown.
  std::int64_t room_key(const uuid& id) {
    if (last_room.second != 0 && last_room.first == id) return last_room.second;
    if (!find_room) find_room.emplace(db, "SELECT key FROM room WHERE id = ?");
    auto& s = find_room->reset().bind(id);
    const auto key = s.step() ? s.number(0) : 0;
    s.reset();
    last_room = {id, key};
    return key;
  }
  std::int64_t message_key(std::int64_t room, std::uint64_t seq) {
    if (!find_message) {
      find_message.emplace(db, "SELECT key FROM message WHERE room = ? AND seq = ?");
    }
    auto& s = find_message->reset().bind(room).bind(static_cast<std::int64_t>(seq));
    const auto key = s.step() ? s.number(0) : 0;
    s.reset();
    return key;
  }
  void erase(std::int64_t key) {
    for (auto& [s, sql] : erasers) {
      if (!s) s.emplace(db, sql);
      s->reset().bind(key).run();
    }
  }

  /// A message in its row; nothing happens when its room has one of that seq.
  void insert(std::int64_t room, const document& d) {
    if (!put_message) {
      put_message.emplace(db,
                          "INSERT OR IGNORE INTO message (room, seq, id, sender, time, has) "
                          "VALUES (?, ?, ?, ?, ?, ?)");
    }
    put_message->reset()
        .bind(room)
        .bind(static_cast<std::int64_t>(d.seq))
        .bind(d.id)
        .bind(d.sender_id)
        .bind(d.created_at)
        .bind(static_cast<std::int64_t>(d.has))
        .run();
  }
  [[nodiscard]] bool has_changed() const { return ::sqlite3_changes(db.raw()) != 0; }

  connection db;
  bool can_shrink = false;  ///< files of older versions cannot
  /// Messages of one room come one after the other. Not kept when rows may have gone.
  std::pair<uuid, std::int64_t> last_room{};
  std::optional<statement> find_room;
  std::optional<statement> find_message;
  std::optional<statement> put_room;
  std::optional<statement> put_message;
  std::optional<statement> put_words;
  std::optional<statement> put_grams;
  std::array<std::pair<std::optional<statement>, const char*>, 3> erasers{
      {{std::nullopt, "DELETE FROM grams WHERE rowid = ?"},
       {std::nullopt, "DELETE FROM words WHERE rowid = ?"},
       {std::nullopt, "DELETE FROM message WHERE key = ?"}}};
};

index::index(const std::filesystem::path& file) {
  try {
    impl_ = std::make_unique<impl>(file);
  } catch (const damaged&) {
    discard(file);
    impl_ = std::make_unique<impl>(file);
    made_anew_ = true;
  }
}

void index::discard(const std::filesystem::path& file) {
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(file.string() + suffix, ignored);
  }
}

index::~index() = default;

void index::begin() {
  impl_->db.run("BEGIN");
}

void index::commit() {
  impl_->db.run("COMMIT");
}

void index::roll_back() noexcept {
  impl_->last_room = {};
  ::sqlite3_exec(impl_->db.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::uint64_t index::progress(const uuid& room) const {
  statement s(impl_->db, "SELECT seq FROM room WHERE id = ?");
  s.bind(room);
  return s.step() ? static_cast<std::uint64_t>(s.number(0)) : 0;
}

void index::set_progress(const uuid& room, std::uint64_t seq) {
  auto& put = impl_->put_room;
  if (!put) {
    put.emplace(impl_->db,
                "INSERT INTO room (id, seq) VALUES (?, ?) "
                "ON CONFLICT (id) DO UPDATE SET seq = excluded.seq");
  }
  put->reset().bind(room).bind(static_cast<std::int64_t>(seq)).run();
}

void index::put(const document& d) {
  auto room = impl_->room_key(d.room_id);
  if (room == 0) {
    set_progress(d.room_id, 0);
    room = impl_->room_key(d.room_id);
  }
  auto& i = *impl_;
  i.insert(room, d);
  if (!i.has_changed()) {
    i.erase(i.message_key(room, d.seq));
    i.insert(room, d);
  }
  if (!i.put_words) {
    i.put_words.emplace(i.db, "INSERT INTO words (rowid, content) VALUES (?, ?)");
    i.put_grams.emplace(i.db, "INSERT INTO grams (rowid, content) VALUES (?, ?)");
  }
  const std::int64_t key = ::sqlite3_last_insert_rowid(i.db.raw());
  i.put_words->reset().bind(key).bind(std::string_view(d.content)).run();
  if (has_unspaced(d.content)) {
    i.put_grams->reset().bind(key).bind(std::string_view(d.content)).run();
  }
}

void index::remove(const uuid& room, std::uint64_t seq) {
  if (const auto known = impl_->room_key(room)) {
    if (const auto key = impl_->message_key(known, seq)) impl_->erase(key);
  }
}

void index::remove_room(const uuid& room) {
  const auto known = impl_->room_key(room);
  if (known == 0) return;
  impl_->last_room = {};
  for (const auto* sql :
       {"DELETE FROM words WHERE rowid IN (SELECT key FROM message WHERE room = ?)",
        "DELETE FROM grams WHERE rowid IN (SELECT key FROM message WHERE room = ?)",
        "DELETE FROM message WHERE room = ?", "DELETE FROM room WHERE key = ?"}) {
    statement(impl_->db, sql).bind(known).run();
  }
}

std::size_t index::remove_up_to(const uuid& room, std::uint64_t seq, std::size_t limit) {
  const auto known = impl_->room_key(room);
  if (known == 0) return 0;
  std::vector<std::int64_t> keys;
  {
    statement s(impl_->db, "SELECT key FROM message WHERE room = ? AND seq <= ? LIMIT ?");
    s.bind(known).bind(static_cast<std::int64_t>(seq)).bind(static_cast<std::int64_t>(limit));
    while (s.step())
      keys.push_back(s.number(0));
  }
  for (const auto key : keys)
    impl_->erase(key);
  return keys.size();
}

bool index::give_back(std::size_t pages) {
  if (!impl_->can_shrink || !impl_->is_roomy()) return false;
  impl_->db.run(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
  if (impl_->is_roomy()) return true;
  impl_->db.run("PRAGMA wal_checkpoint(TRUNCATE)");  // the file is cut by it, and its log
  return false;
}

std::uint64_t index::size() const {
  statement s(impl_->db, "SELECT count(*) FROM message");
  s.step();
  return static_cast<std::uint64_t>(s.number(0));
}

expected<std::vector<hit>> index::find(const query& what, std::span<const uuid> rooms,
                                       const std::optional<position>& from, std::size_t limit,
                                       unix_ms patience_ms) const {
  std::string keys;
  for (const auto& room : rooms) {
    if (what.in && *what.in != room) continue;
    if (const auto key = impl_->room_key(room)) {
      keys += (keys.empty() ? "[" : ",") + std::to_string(key);
    }
  }
  if (keys.empty()) return std::vector<hit>{};
  keys += "]";

  const auto match = match_of(what);
  std::string sql =
      "SELECT r.id, m.seq, m.id, m.time, w.content FROM message m JOIN room r ON r.key = m.room "
      "JOIN words w ON w.rowid = m.key WHERE m.room IN (SELECT value FROM json_each(?))";
  if (!match.empty()) sql += " AND m.key IN (SELECT rowid FROM words WHERE words MATCH ?)";
  for (const auto& w : what.words) {
    if (!w.anywhere) continue;
    sql += protocol::count_chars(w.text) >= 3
               ? " AND m.key IN (SELECT rowid FROM grams WHERE grams MATCH ?)"
               : " AND m.key IN (SELECT rowid FROM grams WHERE content LIKE ? ESCAPE '\\')";
  }
  if (what.from) sql += " AND m.sender = ?";
  if (what.before) sql += " AND m.time < ?";
  if (what.after) sql += " AND m.time >= ?";
  if (what.has != 0) sql += " AND m.has & ? = " + std::to_string(what.has);
  if (from) sql += " AND (m.time, m.id) < (?, ?)";
  sql += " ORDER BY m.time DESC, m.id DESC LIMIT ?";

  statement s(impl_->db, sql);
  s.bind(std::string_view(keys));
  if (!match.empty()) s.bind(std::string_view(match));
  for (const auto& w : what.words) {
    if (!w.anywhere) continue;
    s.bind(protocol::count_chars(w.text) >= 3 ? std::string_view(in_marks(w.text, '"'))
                                              : std::string_view(anywhere(w.text)));
  }
  if (what.from) s.bind(*what.from);
  if (what.before) s.bind(*what.before);
  if (what.after) s.bind(*what.after);
  if (what.has != 0) s.bind(static_cast<std::int64_t>(what.has));
  if (from) s.bind(from->created_at).bind(from->id);
  s.bind(static_cast<std::int64_t>(limit));

  const patience limit_of_time(impl_->db.raw(), patience_ms);
  std::vector<hit> found;
  try {
    while (s.step()) {
      found.push_back({s.id(0), static_cast<std::uint64_t>(s.number(1)), s.id(2), s.number(3),
                       snippet_of(s.text(4), what)});
    }
  } catch (const broken&) {
    if (limit_of_time.over()) return unavailable("the search takes too long; narrow it down");
    throw;
  }
  return found;
}

}  // namespace greenroom::search
