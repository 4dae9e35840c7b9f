// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What RocksDB does in the background: counted for the metrics, and kept from going on after an
/// error of the disk.

#include <rocksdb/listener.h>

#include <memory>

namespace greenroom::store {

/// Counts compactions, flushes, and how often writes began to be slowed down or stopped; refuses
/// to recover from errors without a restart. Belongs into the options of a database; called on
/// RocksDB's threads.
std::shared_ptr<rocksdb::EventListener> make_store_listener();

}  // namespace greenroom::store
