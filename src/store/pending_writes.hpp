// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Records of a shard that are written and not yet committed, of the families that are only ever
/// looked up by key: a hash table finds them where RocksDB's indexed batch compares keys all the
/// way down a skip list, and what is written again (a room, by each of its messages) goes to the
/// database once. Families that are walked in order stay in that batch.

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/database.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"

namespace greenroom::store {

/// Whether somebody looks at the records of a family in the order of their keys while some of them
/// are not committed.
constexpr bool is_walked(family f) noexcept {
  switch (f) {
    case family::member:
    case family::outsider:
    case family::session:
    case family::user_room:
    case family::reaction:
    case family::device:
    case family::webhook:
    case family::webhook_dead:
      return true;
    default:
      return false;
  }
}

class pending_writes {
 public:
  /// No value: it is deleted.
  void put(family f, const key& k, std::optional<std::string> value) {
    const auto [place, is_new] = places_.try_emplace({f, k}, records_.size());
    if (is_new) {
      records_.push_back({f, k, std::move(value)});
    } else {
      records_[place->second].value = std::move(value);
    }
  }

  /// Null: nothing is pending; without a value: it is deleted. Until the next call of another.
  [[nodiscard]] const std::optional<std::string>* find(family f, const key& k) const {
    const auto place = places_.find({f, k});
    return place == places_.end() ? nullptr : &records_[place->second].value;
  }

  /// In the order in which they were first written: messages of one room come one after the other,
  /// and each is inserted beside the one before.
  void add_to(rocksdb::WriteBatch& batch, const database& db) const {
    for (const auto& r : records_) {
      auto* in = db.handle(r.where);
      stop_unless_ok(r.value ? batch.Put(in, r.k.view(), *r.value) : batch.Delete(in, r.k.view()),
                     "gathering writes");
    }
  }

  void clear() {
    // To empty a table takes as long as it is large: after a batch that was, it begins anew.
    if (places_.bucket_count() > buckets_kept) {
      records_ = std::vector<record>();
      places_ = decltype(places_)();  // braces would keep the buckets
    } else {
      records_.clear();
      places_.clear();
    }
  }

 private:
  /// Of what some hundred messages write.
  static constexpr std::size_t buckets_kept = 4096;

  struct record {
    family where;
    key k;
    std::optional<std::string> value;
  };
  struct name {
    family where;
    key k;
    bool operator==(const name& o) const noexcept {
      return where == o.where && k.view() == o.k.view();
    }
  };
  struct hash {
    std::size_t operator()(const name& n) const noexcept {
      return std::hash<std::string_view>{}(n.k.view()) + static_cast<std::size_t>(n.where);
    }
  };

  std::vector<record> records_;
  std::unordered_map<name, std::size_t, hash> places_;
};

}  // namespace greenroom::store
