// SPDX-License-Identifier: MIT
#include "protocol/time.hpp"

#include <algorithm>
#include <chrono>

namespace greenroom {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
/// The last millisecond of the year 9999: later times have no RFC 3339 form.
constexpr std::int64_t latest = 253'402'300'799'999;
/// The first one of the year 0.
constexpr std::int64_t earliest = -62'167'219'200'000;

void put_digits(char* to, unsigned value, int width) noexcept {
  for (int i = width - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// Reads exactly `width` digits at `at`; -1 when there are other characters.
int read_digits(std::string_view text, std::size_t at, std::size_t width) noexcept {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

bool char_at(std::string_view text, std::size_t at, char wanted) noexcept {
  return at < text.size() && text[at] == wanted;
}

/// Minutes of `Z`, `+hh:mm` or `-hh:mm`, which must be all that is left.
std::optional<int> parse_offset(std::string_view rest) noexcept {
  if (rest == "Z" || rest == "z") return 0;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const int hours = read_digits(rest, 1, 2);
  const int minutes = read_digits(rest, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

unix_ms now_ms() noexcept {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string format_time(unix_ms time) {
  using namespace std::chrono;
  time = std::clamp(time, earliest, latest);
  std::int64_t day = time / ms_per_day;
  std::int64_t rest = time % ms_per_day;
  if (rest < 0) {
    --day;
    rest += ms_per_day;
  }
  const year_month_day date{sys_days{days{day}}};
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto ms = static_cast<unsigned>(rest);
  put_digits(text.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_digits(text.data() + 5, static_cast<unsigned>(date.month()), 2);
  put_digits(text.data() + 8, static_cast<unsigned>(date.day()), 2);
  put_digits(text.data() + 11, ms / 3'600'000, 2);
  put_digits(text.data() + 14, ms / 60'000 % 60, 2);
  put_digits(text.data() + 17, ms / 1000 % 60, 2);
  put_digits(text.data() + 20, ms % 1000, 3);
  return text;
}

std::optional<unix_ms> parse_time(std::string_view text) noexcept {
  using namespace std::chrono;
  const int y = read_digits(text, 0, 4);
  const int mo = read_digits(text, 5, 2);
  const int d = read_digits(text, 8, 2);
  const int h = read_digits(text, 11, 2);
  const int mi = read_digits(text, 14, 2);
  const int s = read_digits(text, 17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0) return std::nullopt;
  if (!char_at(text, 4, '-') || !char_at(text, 7, '-') || !char_at(text, 13, ':') ||
      !char_at(text, 16, ':')) {
    return std::nullopt;
  }
  if (!char_at(text, 10, 'T') && !char_at(text, 10, 't') && !char_at(text, 10, ' ')) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  // A leap second counts as the second after it, as everywhere in Unix time.
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;

  std::size_t at = 19;
  int ms = 0;
  if (char_at(text, at, '.')) {
    ++at;
    int scale = 100;
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      ms += (text[at] - '0') * scale;
      scale /= 10;
      ++at;
    }
    if (at == first) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(at));
  if (!offset) return std::nullopt;
  const std::int64_t day_count = sys_days{date}.time_since_epoch().count();
  return day_count * ms_per_day + ((h * 60 + mi - *offset) * 60 + s) * std::int64_t{1000} + ms;
}

}  // namespace greenroom
