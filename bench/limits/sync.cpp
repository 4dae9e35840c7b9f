// SPDX-License-Identifier: MIT
/// limit_sync: how often this disk completes fdatasync, with nothing else to do. Group commit in
/// its barest form: write a group of records, sync, repeat. One line of JSON per row.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "load/histogram.hpp"
#include "load/json_line.hpp"
#include "load/machine.hpp"

namespace {

constexpr std::size_t small_record_bytes = 256;
constexpr std::size_t page_bytes = 4096;
constexpr std::size_t preallocated_bytes = std::size_t{256} << 20;

class temporary_file {
 public:
  explicit temporary_file(const std::string& folder)
      : path_(folder + "/limit_sync.tmp"),
        fd_(open(path_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600)) {
    if (fd_ < 0) greenroom::load::system_failure(path_);
  }
  ~temporary_file() {
    close(fd_);
    unlink(path_.c_str());
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  void write_at(const std::string& bytes, std::size_t offset) const {
    const auto written = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written != static_cast<ssize_t>(bytes.size())) greenroom::load::system_failure("write");
  }
  void sync() const {
    if (fdatasync(fd_) != 0) greenroom::load::system_failure("fdatasync");
  }

 private:
  const std::string path_;
  const int fd_;
};

/// Appends groups, or overwrites a file that has its full size already.
void run(const std::string& folder, double seconds, std::size_t record_bytes, std::size_t group,
         bool preallocated) {
  const temporary_file file(folder);
  if (preallocated) {
    const std::string zeros(std::size_t{1} << 20, '\0');
    for (std::size_t at = 0; at < preallocated_bytes; at += zeros.size())
      file.write_at(zeros, at);
    file.sync();
  }
  const std::string bytes(record_bytes * group, 'x');
  greenroom::load::histogram times;
  std::size_t offset = 0;
  std::uint64_t syncs = 0;
  const auto machine = greenroom::load::time_of_machine();
  const auto own = greenroom::load::cpu_of_self();
  const auto begin_ns = greenroom::load::now_ns();
  auto now = begin_ns;
  while (greenroom::load::seconds_between(begin_ns, now) < seconds) {
    file.write_at(bytes, offset);
    file.sync();
    offset += bytes.size();
    if (preallocated && offset + bytes.size() > preallocated_bytes) offset = 0;
    const auto end = greenroom::load::now_ns();
    times.add(end - now);
    now = end;
    ++syncs;
  }
  const auto elapsed_s = greenroom::load::seconds_between(begin_ns, now);
  const auto own_user_s = greenroom::load::cpu_of_self().user_s - own.user_s;
  const auto others_s = greenroom::load::time_of_machine().user_s - machine.user_s - own_user_s;
  const auto per_s = static_cast<double>(syncs) / elapsed_s;
  greenroom::load::json_line()
      .text("label", "fdatasync")
      .number("record", static_cast<double>(record_bytes))
      .number("group", static_cast<double>(group))
      .number("preallocated", preallocated ? 1 : 0)
      .number("syncs_per_s", per_s)
      .number("per_s", per_s * static_cast<double>(group))
      .number("p50_us", times.quantile(.5) / 1e3)
      .number("p99_us", times.quantile(.99) / 1e3)
      .number("max_us", times.largest() / 1e3)
      .number("srv_pct", 100 * (greenroom::load::cpu_of_self().all_s - own.all_s) / elapsed_s)
      .number("others_pct", 100 * std::max(0.0, others_s) / elapsed_s)
      .print();
}

int measure_syncs(int argc, char** argv) {
  if (argc < 3) {
    greenroom::load::give_up(
        "usage: limit_sync DIR SECS [GROUP...]\n"
        "Appends groups of 256-byte records; without a GROUP 1, 8, 64 and 512, and whole pages,\n"
        "appended and overwritten.",
        2);
  }
  const std::string folder = argv[1];
  const double seconds = std::atof(argv[2]);
  for (int i = 3; i < argc; ++i) {
    const auto group = std::strtoul(argv[i], nullptr, 10);
    if (group == 0) greenroom::load::give_up("a group has one record or more", 2);
    run(folder, seconds, small_record_bytes, group, false);
  }
  if (argc > 3) return 0;
  for (const std::size_t group : {1, 8, 64, 512})
    run(folder, seconds, small_record_bytes, group, false);
  run(folder, seconds, small_record_bytes, 64, true);
  run(folder, seconds, page_bytes, 1, false);
  run(folder, seconds, page_bytes, 1, true);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return greenroom::load::run_program(measure_syncs, argc, argv);
}
