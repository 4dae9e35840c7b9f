// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of search: SQLite with owners and exceptions.

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "protocol/uuid.hpp"
#include "search/index.hpp"

namespace greenroom::search {

class connection {
 public:
  explicit connection(const std::string& file) {
    // SQLite would count what it allocates under a lock of the whole process, and nobody asks.
    [[maybe_unused]] static const int uncounted = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    const auto rc = ::sqlite3_open_v2(
        file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        nullptr);
    if (rc != SQLITE_OK) {
      const std::string why = db_ != nullptr ? ::sqlite3_errmsg(db_) : "out of memory";
      ::sqlite3_close(db_);
      throw broken(file + ": " + why);
    }
  }
  ~connection() { ::sqlite3_close(db_); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void run(const char* sql) const {
    if (::sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  }
  [[noreturn]] void fail() const {
    const auto kind = ::sqlite3_errcode(db_) & 0xff;  // without what is special about it
    if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_FORMAT) {
      throw damaged(::sqlite3_errmsg(db_));
    }
    throw broken(::sqlite3_errmsg(db_));
  }
  [[nodiscard]] ::sqlite3* raw() const noexcept { return db_; }

 private:
  ::sqlite3* db_ = nullptr;
};

/// Prepared once, used again and again: bind from the left, step, read from the left.
class statement {
 public:
  statement(const connection& db, std::string_view sql) : db_(db) {
    if (::sqlite3_prepare_v3(db.raw(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &s_, nullptr) != SQLITE_OK) {
      db.fail();
    }
  }
  ~statement() { ::sqlite3_finalize(s_); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& reset() {
    ::sqlite3_reset(s_);
    ::sqlite3_clear_bindings(s_);
    bound_ = 0;
    return *this;
  }
  statement& bind(std::int64_t value) {
    check(::sqlite3_bind_int64(s_, ++bound_, value));
    return *this;
  }
  statement& bind(std::string_view text) {
    check(::sqlite3_bind_text(s_, ++bound_, text.data(), static_cast<int>(text.size()),
                              SQLITE_TRANSIENT));
    return *this;
  }
  statement& bind(const uuid& id) {
    check(::sqlite3_bind_blob(s_, ++bound_, id.bytes.data(), static_cast<int>(id.bytes.size()),
                              SQLITE_TRANSIENT));
    return *this;
  }
  /// True: there is a row.
  bool step() {
    const auto rc = ::sqlite3_step(s_);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) db_.fail();
    return rc == SQLITE_ROW;
  }
  void run() {
    step();
    reset();
  }
  [[nodiscard]] std::int64_t number(int column) const { return ::sqlite3_column_int64(s_, column); }
  [[nodiscard]] std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(::sqlite3_column_blob(s_, column));
    return bytes == nullptr
               ? std::string()
               : std::string(bytes, static_cast<std::size_t>(::sqlite3_column_bytes(s_, column)));
  }
  [[nodiscard]] uuid id(int column) const { return uuid::from_raw(text(column)); }

 private:
  void check(int rc) const {
    if (rc != SQLITE_OK) db_.fail();
  }
  const connection& db_;
  ::sqlite3_stmt* s_ = nullptr;
  int bound_ = 0;
};

}  // namespace greenroom::search
