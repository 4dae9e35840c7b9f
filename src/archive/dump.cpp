// SPDX-License-Identifier: MIT
#include "archive/dump.hpp"

#include "archive/places.hpp"
#include "store/at_rest.hpp"
#include "store/describe.hpp"
#include "store/keys.hpp"

namespace greenroom::archive {

namespace {

using nlohmann::json;
using store::family;

std::string hex(std::string_view bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const auto c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4U];
    text += digits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

/// Where a room's id is in the keys of a family; 0: nowhere.
std::size_t room_at(family f) {
  switch (f) {
    case family::room:
    case family::room_log:
    case family::message:
    case family::message_id:
    case family::member:
    case family::outsider:
    case family::device:
    case family::webhook:
      return store::scope_bytes;
    case family::user_room:
      return store::owner_prefix_bytes;
    default:
      return 0;
  }
}

bool is_wanted(family f, std::string_view key, const dump_options& o) {
  if (!o.room) return true;
  const auto at = room_at(f);
  return at != 0 && key.size() >= at && key.substr(at).starts_with(o.room->raw());
}

}  // namespace

expected<dumped> dump(const std::filesystem::path& folder, const dump_options& o,
                      const std::function<bool(const json&)>& show) {
  const auto opened = store::resting_store::open(store_in(folder));
  if (!opened) return tl::unexpected(opened.error());
  dumped done;
  bool goes_on = true;
  for (std::size_t i = 0; i < store::family_count && goes_on; ++i) {
    const auto f = static_cast<family>(i);
    if ((o.kind && *o.kind != f) || (o.room && room_at(f) == 0)) continue;
    if (o.shard && f == family::meta) continue;
    const auto prefix = o.shard ? store::shard_prefix(*o.shard) : store::key{};
    const auto walked =
        (*opened)->walk(f, prefix.view(), [&](std::string_view key, std::string_view value) {
          if (!is_wanted(f, key, o)) return true;
          auto line = store::describe_record(f, key, value);
          if (!line) {
            ++done.damaged;
            line = json{{"kind", std::string(store::to_string(f))},
                        {"key", hex(key)},
                        {"damaged", line.error().message}};
          }
          ++done.records;
          goes_on = show(*line) && (o.limit == 0 || done.records < o.limit);
          return goes_on;
        });
    if (!walked) return tl::unexpected(walked.error());
  }
  return done;
}

}  // namespace greenroom::archive
