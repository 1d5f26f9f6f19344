#include "exporter/sources/checkpoint_file.h"

#include <array>
#include <cstdio>

#include "base/durable_file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace backstay::sources {
namespace {

constexpr std::string_view kHeading = "backstay checkpoint 1\n";

std::string sum_of(std::string_view record) {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%016llx\n",
                static_cast<unsigned long long>(XXH3_64bits(record.data(), record.size())));
  return text.data();
}

}  // namespace

Result<void> write_checkpoint(const std::string& path, std::string_view record) {
  std::string text(kHeading);
  text += sum_of(record);
  text += record;
  return write_durably(path, text);
}

Result<std::optional<std::string>> read_checkpoint(const std::string& path) {
  auto text = read_file_if_there(path);
  if (!text) return fail(text.error());
  if (!*text) return std::optional<std::string>();
  std::string_view rest = **text;
  if (rest.substr(0, kHeading.size()) != kHeading) return fail(path + ": is no checkpoint");
  rest.remove_prefix(kHeading.size());
  const std::string_view sum = rest.substr(0, rest.find('\n') + 1);
  const std::string_view record = rest.substr(sum.size());
  if (sum != sum_of(record)) return fail(path + ": is damaged");
  return std::optional<std::string>(record);
}

}  // namespace backstay::sources
