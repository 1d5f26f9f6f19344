#include "exporter/sources/line_cut.h"

#include <cstring>

#include "exporter/formats/access_event.h"

namespace backstay::sources {
namespace {

// Bytes up to and with the last newline, 0 where there is none. memrchr, since rfind is a loop.
std::size_t end_of_last_line(std::string_view bytes) {
  const void* at = ::memrchr(bytes.data(), '\n', bytes.size());
  return at == nullptr ? 0 : static_cast<const char*>(at) - bytes.data() + 1;
}

// From the end of one line it is at most the limit to the next newline: so one look backwards from
// there finds that all lines up to it are short enough.
std::size_t end_of_short_lines(std::string_view block) {
  constexpr std::size_t kReach = formats::kLineBytesMax + 1;
  std::size_t end = 0;
  while (end < block.size()) {
    const std::size_t step = end_of_last_line(block.substr(end, kReach));
    if (step == 0) break;
    end += step;
  }
  return end;
}

}  // namespace

LineCut cut_lines(std::string_view block, bool in_long_line) {
  LineCut cut;
  if (!in_long_line) {
    cut.taken = end_of_short_lines(block);
    cut.lines = block.substr(0, cut.taken);
    if (cut.taken > 0 || block.size() <= formats::kLineBytesMax) return cut;
    cut.is_too_long = true;
  }
  const std::size_t newline = block.find('\n');
  cut.in_long_line = newline == std::string_view::npos;
  cut.taken = cut.in_long_line ? block.size() : newline + 1;
  return cut;
}

}  // namespace backstay::sources
