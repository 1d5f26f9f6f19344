#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace backstay::test {

constexpr std::size_t kPageBytes = 4096;

// Overwrites a page of a closed journal; they count from 1.
inline void damage_page(const std::string& path, std::size_t page) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>((page - 1) * kPageBytes));
  file << std::string(kPageBytes, '\x5a');
}

// Overwrites each page of a closed journal that holds the text. Returns how many those were.
inline int damage_pages_with(const std::string& path, const std::string& text) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  int damaged = 0;
  for (std::size_t at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at)) {
    const std::size_t page = at / kPageBytes * kPageBytes;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(page), kPageBytes, '\x5a');
    ++damaged;
  }
  std::ofstream(path, std::ios::binary) << bytes;
  return damaged;
}

}  // namespace backstay::test
