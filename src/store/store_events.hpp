// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What RocksDB does in the background, counted for the metrics.

#include <rocksdb/listener.h>

#include <memory>

namespace greenroom::store {

/// Counts compactions, flushes, and how often writes began to be slowed down or stopped. Belongs
/// into the options of a database; called on RocksDB's threads.
std::shared_ptr<rocksdb::EventListener> count_store_events();

}  // namespace greenroom::store
