#include "exporter/web/negotiation.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace backstay::web {
namespace {

// One entry of a header such as Accept: "text/plain;version=0.0.4;q=0.5". In lower case.
struct Choice {
  std::string value;
  std::vector<std::pair<std::string, std::string>> parameters;
  double quality = 1;

  [[nodiscard]] std::string_view parameter(std::string_view name) const {
    for (const auto& [key, text] : parameters) {
      if (key == name) return text;
    }
    return {};
  }
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    pieces.push_back(trimmed(text.substr(0, end)));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return pieces;
}

// 0 to 1; what cannot be read counts as not wanted.
double quality_of(std::string_view text) {
  double quality = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), quality);
  return parsed.ec == std::errc() && quality > 0 && quality <= 1 ? quality : 0;
}

Choice choice_of(std::string_view text) {
  Choice choice;
  const std::vector<std::string_view> pieces = split(text, ';');
  if (pieces.empty()) return choice;
  choice.value = lower_case(pieces.front());
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const std::size_t equals = pieces[i].find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = lower_case(trimmed(pieces[i].substr(0, equals)));
    std::string_view value = trimmed(pieces[i].substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "q") choice.quality = quality_of(value);
    choice.parameters.emplace_back(name, lower_case(value));
  }
  return choice;
}

std::vector<Choice> choices_of(std::string_view header) {
  std::vector<Choice> choices;
  for (std::string_view text : split(header, ',')) choices.push_back(choice_of(text));
  return choices;
}

std::optional<metrics::Format> format_of(const Choice& choice) {
  if (choice.value == "application/openmetrics-text") {
    const std::string_view version = choice.parameter("version");
    if (version.empty() || version == "1.0.0") return metrics::Format::openmetrics;
  }
  const bool is_text =
      choice.value == "text/plain" || choice.value == "text/*" || choice.value == "*/*";
  return is_text ? std::optional(metrics::Format::text) : std::nullopt;
}

}  // namespace

metrics::Format preferred_format(std::string_view accept) {
  metrics::Format best = metrics::Format::text;
  double best_quality = 0;
  for (const Choice& choice : choices_of(accept)) {
    const auto format = format_of(choice);
    if (!format || choice.quality <= best_quality) continue;
    best = *format;
    best_quality = choice.quality;
  }
  return best;
}

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepts_any = false;
  for (const Choice& choice : choices_of(accept_encoding)) {
    if (choice.value == "gzip" || choice.value == "x-gzip") return choice.quality > 0;
    if (choice.value == "*") accepts_any = choice.quality > 0;
  }
  return accepts_any;
}

}  // namespace backstay::web
