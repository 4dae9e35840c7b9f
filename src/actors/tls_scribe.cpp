// SPDX-License-Identifier: MIT
#include "actors/tls_scribe.hpp"

#include <atomic>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

namespace greenroom::actors {

namespace {

using caf::io::network::default_multiplexer;
using caf::io::network::native_socket;
using caf::io::network::rw_state;

/// CAF takes the number of the descriptor, and forgets a connection some time after it has closed
/// it: the next one with the same number would be forgotten too. These are never used again, and
/// no descriptor reaches the first.
caf::io::connection_handle next_handle() {
  static std::atomic<std::int64_t> last{std::int64_t{1} << 40};
  return caf::io::connection_handle::from_int(++last);
}

/// What CAF's stream asks to read and write.
class tls_policy {
 public:
  explicit tls_policy(net::tls_connection_ptr connection) : connection_(std::move(connection)) {}
  /// The stream closes the descriptor right behind this.
  ~tls_policy() { connection_->retire(); }
  tls_policy(const tls_policy&) = delete;
  tls_policy& operator=(const tls_policy&) = delete;

  rw_state read_some(std::size_t& got, native_socket, void* buffer, std::size_t size) {
    return size == 0 ? rw_state::indeterminate : state_of(connection_->read(buffer, size, got));
  }
  rw_state write_some(std::size_t& put, native_socket, const void* data, std::size_t size) {
    return size == 0 ? rw_state::indeterminate : state_of(connection_->write(data, size, put));
  }
  /// What is decrypted already has to be fetched now: the socket will not announce it.
  bool must_read_more(native_socket, std::size_t wanted) {
    return connection_->pending() >= wanted;
  }

 private:
  /// Nothing now is a success of no bytes: CAF comes back when the socket is ready.
  static rw_state state_of(net::tls_connection::result r) noexcept {
    return r == net::tls_connection::result::failed ? rw_state::failure : rw_state::success;
  }
  net::tls_connection_ptr connection_;
};

class tls_scribe final : public caf::io::scribe {
 public:
  tls_scribe(default_multiplexer& multiplexer, const net::tls_connection_ptr& connection)
      : scribe(next_handle()),
        address_(connection->address()),
        port_(connection->port()),
        stream_(multiplexer, connection->give_descriptor(), connection) {}

  void configure_read(caf::io::receive_policy::config how) override {
    stream_.configure_read(how);
    if (!reads_) {
      reads_ = true;
      stream_.start(this);
    }
  }
  void ack_writes(bool on) override { stream_.ack_writes(on); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }
  std::string addr() const override { return address_; }
  std::uint16_t port() const override { return port_; }

 private:
  const std::string address_;
  const std::uint16_t port_;
  bool reads_ = false;
  caf::io::network::stream_impl<tls_policy> stream_;
};

}  // namespace

caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system, net::tls_connection_ptr connection) {
  auto& multiplexer = dynamic_cast<default_multiplexer&>(system.middleman().backend());
  return caf::make_counted<tls_scribe>(multiplexer, connection);
}

}  // namespace greenroom::actors
