#include "receiver/ctl/terminal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

#include "base/utf8.h"

namespace backstay::ctl {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += cells[i];
    if (i + 1 < cells.size()) text += std::string(widths[i] - width(cells[i]) + 2, ' ');
  }
  return text + "\n";
}

}  // namespace

std::string table(const std::vector<std::string>& heading,
                  std::vector<std::vector<std::string>> rows) {
  std::vector<std::size_t> widths;
  for (const std::string& cell : heading) widths.push_back(width(cell));
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(row[i]);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string text = line(heading, widths);
  for (const auto& row : rows) text += line(row, widths);
  return text;
}

std::string readable_time(const std::string& rfc3339) {
  if (rfc3339.size() < 19) return rfc3339;
  std::string text = rfc3339.substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string readable_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text.data();
}

bool ask(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0) {
    std::cerr << question << "\nThere is no terminal to ask on; --yes says yes.\n";
    return false;
  }
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string as_document(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string actor() {
  if (const char* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0') {
    return valid_utf8(user);
  }
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? valid_utf8(entry->pw_name) : "uid " + std::to_string(getuid());
}

std::optional<nlohmann::json> call(Door& door, const std::string& operation,
                                   const nlohmann::json& parameters, const Options& options,
                                   Exit& exit) {
  const auto answer = door.call(operation, parameters);
  const nlohmann::json result =
      answer ? *answer : nlohmann::json{{"error", answer.error().message}};
  const bool is_refused = result.contains("refused");
  if (!is_refused && !result.contains("error")) return result;
  exit = is_refused ? Exit::refused : Exit::failed;
  if (options.json) {
    std::cout << as_document(result) << '\n';
  } else {
    std::cerr << "backstay: " << (is_refused ? "refused: " : "")
              << printable(result.value(is_refused ? "refused" : "error", "")) << '\n';
  }
  return std::nullopt;
}

}  // namespace backstay::ctl
