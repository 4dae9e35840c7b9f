// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The refresh token between two starts, and between terminals of one person that run at the same
/// time. A refresh token can be used once, so whoever uses it holds the lock beside the file until
/// its successor is in it; all share one session. The file is replaced by renaming and is never
/// half written; it and its folder are the owner's alone.

#include <filesystem>
#include <functional>
#include <string>

#include "client/client.hpp"

namespace greenroom::cli {

class token_file final : public client::token_keeper {
 public:
  /// `complain` is told, on whichever thread, that a token could not be kept.
  token_file(std::filesystem::path path, std::function<void(const std::string&)> complain);
  ~token_file() override { unlock(); }
  token_file(const token_file&) = delete;
  token_file& operator=(const token_file&) = delete;

  std::string open() override;
  void close(const std::string& newest) override;
  [[nodiscard]] std::string read() const;
  /// It is not valid any more. Nothing happens when another process has replaced it.
  void drop(const std::string& token);

 private:
  void lock();
  void unlock();
  void write(const std::string& token);

  const std::filesystem::path path_;
  const std::function<void(const std::string&)> complain_;
  int lock_ = -1;
};

/// Where the session of this person at this node is kept; empty when there is no home.
std::filesystem::path token_path(const std::string& node, const std::string& user);

}  // namespace greenroom::cli
