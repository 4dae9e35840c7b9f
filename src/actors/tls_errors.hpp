// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Keeps the failure of one link from cutting another.
///
/// OpenSSL collects errors in a queue per thread and expects it to be empty before each operation
/// whose result SSL_get_error() is asked about. CAF 0.17 serves all links on one thread and never
/// empties the queue: after one connection has failed (a node that stops, a stranger's certificate,
/// a port scan), the next harmless "nothing to read yet" of any other link counts as an error, and
/// that link is closed. So this process has an SSL_get_error() of its own, which the dynamic linker
/// prefers for CAF as well: it asks OpenSSL's and then empties the queue.

namespace greenroom::actors {

/// False when the process does not use the function above; links would be fragile.
bool tls_errors_are_kept_apart() noexcept;

}  // namespace greenroom::actors
