// SPDX-License-Identifier: MIT
#include "store/store_events.hpp"

#include "store/damage_mark.hpp"
#include "telemetry/metrics.hpp"

namespace greenroom::store {

namespace {

prometheus::Counter& stalls(const char* kind) {
  return telemetry::counter("greenroom_store_stalls_total",
                            "Times that writes to a column family began to be slowed down or "
                            "stopped",
                            {{"kind", kind}});
}

class store_listener final : public rocksdb::EventListener {
 public:
  void OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) override {
    switch (info.condition.cur) {
      case rocksdb::WriteStallCondition::kDelayed:
        delayed_.Increment();
        break;
      case rocksdb::WriteStallCondition::kStopped:
        stopped_.Increment();
        break;
      case rocksdb::WriteStallCondition::kNormal:
        break;
    }
  }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo& info) override {
    compactions_.Increment();
    compacted_bytes_.Increment(static_cast<double>(info.stats.total_output_bytes));
  }
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override {
    flushes_.Increment();
  }
  /// Found by a compaction: the store takes no writes any more, so the process ends with the next.
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* why) override {
    if (why != nullptr) mark_if_corruption(*why, "compacting or flushing: " + why->ToString());
  }
  /// After an error of the disk the store writes nothing any more until the process has been
  /// started again: what RocksDB has not written of its log by itself it must not write later,
  /// behind what came meanwhile (facebook/rocksdb#12995).
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  prometheus::Counter& delayed_ = stalls("delayed");
  prometheus::Counter& stopped_ = stalls("stopped");
  prometheus::Counter& compactions_ =
      telemetry::counter("greenroom_store_compactions_total", "Compactions that have ended");
  prometheus::Counter& compacted_bytes_ = telemetry::counter(
      "greenroom_store_compacted_bytes_total", "Bytes that compactions have written");
  prometheus::Counter& flushes_ =
      telemetry::counter("greenroom_store_flushes_total", "Memtables written to files");
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> make_store_listener() {
  return std::make_shared<store_listener>();
}

}  // namespace greenroom::store
