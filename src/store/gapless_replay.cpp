// SPDX-License-Identifier: MIT
#include "store/gapless_replay.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <utility>

namespace greenroom::store {

namespace fs = std::filesystem;

namespace {

/// A record begins with the sequence number of its first change, little-endian.
std::uint64_t sequence_of(const rocksdb::WriteBatch& batch) {
  std::uint64_t n = 0;
  const auto& bytes = batch.Data();
  for (std::size_t i = 0; i < sizeof n && i < bytes.size(); ++i)
    n |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return n;
}

/// Whether a file of the log begins with a whole record. It consists of blocks of 32 KiB, and a
/// record of parts that do not cross them: checksum (4 bytes), length (2), kind (1), content.
bool has_record(const fs::path& file) {
  constexpr std::uint64_t block = 32 << 10;
  constexpr std::uint64_t head_bytes = 7;
  constexpr unsigned char whole = 1;
  constexpr unsigned char last = 4;
  std::error_code none;
  const auto size = fs::file_size(file, none);
  if (none) return false;
  std::ifstream in(file, std::ios::binary);
  std::uint64_t at = 0;
  while (at + head_bytes <= size) {
    if (block - at % block < head_bytes) {
      at += block - at % block;
      continue;
    }
    std::array<char, head_bytes> head{};
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(head.data(), head.size())) return false;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
    at += head_bytes + byte(4) + (std::uint64_t{byte(5)} << 8);
    if (at > size || byte(6) == 0) return false;
    if (byte(6) == whole || byte(6) == last) return true;
  }
  return false;
}

}  // namespace

void gapless_replay::ColumnFamilyLogNumberMap(
    const std::map<std::uint32_t, std::uint64_t>& log_of_family,
    const std::map<std::string, std::uint32_t>& /*names*/) {
  newest_ = 0;
  oldest_ = ~std::uint64_t{0};
  for (const auto& [id, log] : log_of_family) {
    newest_ = std::max(newest_, log);
    oldest_ = std::min(oldest_, log);
  }
  last_log_ = expected_ = 0;
  began_ = lost_beginning_ = false;
  found_.reset();
}

/// With nothing before it a record cannot be seen to be late. But a file that is still needed was
/// written to before it had a successor, so it has a record, unless that was lost. (RocksDB does
/// not show the records of a file that all families have done with, which is whole.)
void gapless_replay::look_for_empty_predecessor(std::uint64_t log) {
  std::error_code none;
  for (auto at = fs::directory_iterator(folder_, none); !none && at != fs::directory_iterator();
       at.increment(none)) {
    const auto number = log_number_of(at->path());
    if (number == 0 || number < oldest_ || number >= log || has_record(at->path())) continue;
    lost_beginning_ = true;
    last_log_ = last_log_ == 0 ? number : std::min(last_log_, number);
  }
}

rocksdb::WalFilter::WalProcessingOption gapless_replay::LogRecordFound(
    unsigned long long log, const std::string& file, const rocksdb::WriteBatch& batch,
    rocksdb::WriteBatch* /*changed*/, bool* /*is_changed*/) {
  const auto sequence = sequence_of(batch);
  try {
    if (!std::exchange(began_, true)) look_for_empty_predecessor(log);
    if (lost_beginning_ || (expected_ != 0 && sequence != expected_)) {
      const bool is_passed = newest_ > last_log_;
      found_ = gap{expected_ == 0 ? 0 : expected_ - 1, sequence, fs::path(file).filename().string(),
                   is_passed};
      return is_passed ? WalProcessingOption::kCorruptedRecord : WalProcessingOption::kStopReplay;
    }
  } catch (const std::exception&) {
    // Of memory at most; RocksDB cannot take it.
    return WalProcessingOption::kCorruptedRecord;
  }
  last_log_ = log;
  expected_ = sequence + batch.Count();
  return WalProcessingOption::kContinueProcessing;
}

std::uint64_t log_number_of(const fs::path& file) {
  if (file.extension() != ".log") return 0;
  const auto stem = file.stem().string();
  std::uint64_t n = 0;
  const auto r = std::from_chars(stem.data(), stem.data() + stem.size(), n);
  return r.ec == std::errc{} && r.ptr == stem.data() + stem.size() ? n : 0;
}

std::string describe(const std::optional<gapless_replay::gap>& gap) {
  if (!gap) return {};
  const auto before =
      gap->after == 0 ? std::string("its beginning") : "change " + std::to_string(gap->after);
  return "its write-ahead log has nothing between " + before + " and change " +
         std::to_string(gap->next) + ", the first in " + gap->file;
}

}  // namespace greenroom::store
