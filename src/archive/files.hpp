// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Files as backups need them: digests, copies that are on the disk, folders for their owner alone.

#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/chain.hpp"
#include "protocol/error.hpp"

namespace greenroom::archive {

/// SHA-256 of what is in it.
expected<protocol::digest> digest_of_file(const std::filesystem::path& file);

/// Made with its parents, mode 0700.
expected<void> make_folder(const std::filesystem::path& folder);

/// A copy of mode 0600, synced. Refuses where one is already.
expected<void> copy_synced(const std::filesystem::path& from, const std::filesystem::path& to);

/// Mode 0600, synced, in the place of what was there as one step.
expected<void> write_file(const std::filesystem::path& to, std::string_view text);

/// At most `bytes_max`; larger ones are refused.
expected<std::string> read_file(const std::filesystem::path& from, std::size_t bytes_max);

/// Makes the names in it durable.
expected<void> sync_folder(const std::filesystem::path& folder);

/// Not there, or a folder with nothing in it.
bool is_free(const std::filesystem::path& folder);

}  // namespace greenroom::archive
