#include "base/record.h"

#include <array>
#include <bit>

namespace backstay {
namespace {

constexpr std::size_t kNumberBytes = 8;

}  // namespace

void RecordWriter::number(std::uint64_t value) {
  std::array<char, kNumberBytes> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  out_.append(bytes.data(), bytes.size());
}

void RecordWriter::real(double value) { number(std::bit_cast<std::uint64_t>(value)); }

void RecordWriter::text(std::string_view value) {
  number(value.size());
  out_.append(value);
}

std::uint64_t RecordReader::number() {
  if (rest_.size() < kNumberBytes) {
    is_good_ = false;
    rest_ = {};
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    value = (value << 8) | static_cast<unsigned char>(rest_[i - 1]);
  }
  rest_.remove_prefix(kNumberBytes);
  return value;
}

double RecordReader::real() { return std::bit_cast<double>(number()); }

std::string_view RecordReader::text() {
  const std::uint64_t size = number();
  if (size > rest_.size()) {
    is_good_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

std::size_t RecordReader::count(std::size_t bytes_each) {
  const std::uint64_t value = number();
  if (value <= rest_.size() / bytes_each) return value;
  is_good_ = false;
  rest_ = {};
  return 0;
}

}  // namespace backstay
