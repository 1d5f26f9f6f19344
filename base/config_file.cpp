#include "base/config_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <locale>
#include <map>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "base/durable_file.h"
#include "base/duration.h"

namespace backstay {
namespace {

// The number of single-character changes between two words, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// What was probably meant by an unknown key; empty where nothing is near.
std::string nearest(std::string_view key, const std::set<std::string, std::less<>>& known) {
  std::string best;
  std::size_t best_distance = 3;  // two slips, and fewer than the key has characters
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(key, candidate);
    if (distance >= best_distance || distance >= key.size()) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

// Hears documents, and keeps nothing but where the last of them begins.
class PassOver final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { line = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  int line = 0;
};

// The line at which a second one begins. YAML::LoadAll would make documents without end of a text
// that begins with a comma.
std::optional<int> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  PassOver handler;
  if (!parser.HandleNextDocument(handler) || !parser.HandleNextDocument(handler)) {
    return std::nullopt;
  }
  return handler.line;
}

}  // namespace

// Faults are kept by line, so that they are told in the order of the file.
struct ConfigNode::Document {
  std::string name;
  std::filesystem::path folder;
  std::multimap<int, std::string> faults;
  std::vector<std::shared_ptr<Node>> mappings;  // all that were opened, for unknown keys

  void fault(int line, const std::string& path, const std::string& message) {
    faults.emplace(line, name + ":" + std::to_string(line) + ": " +
                             (path.empty() ? "" : path + ": ") + message);
  }
};

struct ConfigNode::Node {
  YAML::Node yaml;  // a mapping, or null
  std::string path;
  int line = 1;
  std::set<std::string, std::less<>> known;

  [[nodiscard]] std::string path_of(std::string_view key) const {
    if (key.empty()) return path;
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  }
  // The value of a key, which is then known; null where it is absent.
  YAML::Node value(std::string_view key) {
    known.emplace(key);
    if (!yaml.IsMap()) return YAML::Node();
    const YAML::Node& constant = yaml;
    const YAML::Node found = constant[std::string(key)];
    return found.IsDefined() ? found : YAML::Node();
  }
  [[nodiscard]] int line_of(const YAML::Node& value) const {
    return value.IsDefined() && value.Mark().line >= 0 ? value.Mark().line + 1 : line;
  }
};

ConfigNode::ConfigNode(std::shared_ptr<Document> document, std::shared_ptr<Node> node)
    : document_(std::move(document)), node_(std::move(node)) {}

Result<ConfigNode> ConfigNode::load(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail(path + ": is a folder");
  auto text = read_file(path, kFileBytesMax);
  if (!text) return fail(text.error());
  return parse(*text, path);
}

Result<ConfigNode> ConfigNode::parse(const std::string& text, const std::string& name) {
  auto document = std::make_shared<Document>();
  document->name = name;
  std::error_code error;
  document->folder = std::filesystem::absolute(name, error).parent_path();
  auto node = std::make_shared<Node>();
  try {
    // yaml-cpp misses a quote that is never closed where a newline ends the text, and makes all
    // that follows the quote one value.
    const std::string whole = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    if (const auto line = second_document(whole)) {
      return fail(name + ":" + std::to_string(*line) +
                  ": more than one YAML document (a line of --- begins another)");
    }
    node->yaml = YAML::Load(whole);
  } catch (const YAML::Exception& exception) {
    return fail(name + ":" + std::to_string(exception.mark.line + 1) + ": " + exception.msg);
  }
  if (!node->yaml.IsMap() && !node->yaml.IsNull()) {
    return fail(name + ":1: expected a mapping of keys");
  }
  document->mappings.push_back(node);
  return ConfigNode(document, node);
}

Result<void> ConfigNode::finish() const {
  for (const auto& mapping : document_->mappings) {
    if (!mapping->yaml.IsMap()) continue;
    std::set<std::string> seen;
    for (const auto& entry : mapping->yaml) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "(not a word)";
      const int line = mapping->line_of(entry.first);
      if (!seen.insert(key).second) {
        document_->fault(line, mapping->path_of(key), "the key is there twice");
      }
      if (mapping->known.count(key) != 0) continue;
      const std::string meant = nearest(key, mapping->known);
      const std::string hint = meant.empty() ? "" : " (did you mean " + meant + "?)";
      document_->fault(line, mapping->path_of(key), "unknown key" + hint);
    }
  }
  document_->mappings.clear();  // told once
  if (document_->faults.empty()) return {};
  std::string all;
  for (const auto& [line, message] : document_->faults) all += (all.empty() ? "" : "\n") + message;
  return fail(all);
}

bool ConfigNode::has(std::string_view key) const { return !node_->value(key).IsNull(); }

std::vector<std::string> ConfigNode::keys() const {
  std::vector<std::string> keys;
  if (!node_->yaml.IsMap()) return keys;
  for (const auto& entry : node_->yaml) {
    if (entry.first.IsScalar()) keys.push_back(entry.first.Scalar());
  }
  return keys;
}

void ConfigNode::fault(std::string_view key, const std::string& message) {
  const YAML::Node value = key.empty() ? node_->yaml : node_->value(key);
  document_->fault(value.IsNull() ? node_->line : node_->line_of(value), node_->path_of(key),
                   message);
}

std::string ConfigNode::where() const {
  return document_->name + ":" + std::to_string(node_->line) + ": " + node_->path;
}

std::optional<std::string> ConfigNode::maybe_text(std::string_view key) {
  const YAML::Node value = node_->value(key);
  if (value.IsNull()) return std::nullopt;
  if (!value.IsScalar() || value.Scalar().empty()) {
    fault(key, "expected text");
    return std::nullopt;
  }
  return value.Scalar();
}

std::string ConfigNode::text_or(std::string_view key, std::string_view fallback) {
  return maybe_text(key).value_or(std::string(fallback));
}

std::string ConfigNode::text(std::string_view key) {
  if (node_->value(key).IsNull()) {
    document_->fault(node_->line, node_->path_of(key), "is missing");
    return "";
  }
  return text_or(key, "");
}

std::string ConfigNode::choice_or(std::string_view key, const std::vector<std::string>& words,
                                  std::string_view fallback) {
  std::string word = text_or(key, fallback);
  if (word == fallback || std::find(words.begin(), words.end(), word) != words.end()) return word;
  std::string list;
  for (const std::string& choice : words) list += (list.empty() ? "" : ", ") + choice;
  fault(key, "\"" + word + "\" is none of: " + list);
  return std::string(fallback);
}

std::int64_t ConfigNode::integer_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                                    std::int64_t max) {
  const auto text = maybe_text(key);
  if (!text) return fallback;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < min || value > max) {
    fault(key,
          "expected a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return value;
}

double ConfigNode::number_or(std::string_view key, double fallback, double min, double max) {
  const auto text = maybe_text(key);
  if (!text) return fallback;
  double value = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(value >= min && value <= max)) {
    std::ostringstream range;
    range.imbue(std::locale::classic());
    range << "expected a number from " << min << " to " << max;
    fault(key, range.str());
    return fallback;
  }
  return value;
}

bool ConfigNode::flag_or(std::string_view key, bool fallback) {
  const auto text = maybe_text(key);
  if (!text) return fallback;
  if (*text == "true" || *text == "false") return *text == "true";
  fault(key, "expected true or false");
  return fallback;
}

std::chrono::milliseconds ConfigNode::duration_or(std::string_view key,
                                                  std::chrono::milliseconds fallback,
                                                  std::chrono::milliseconds min,
                                                  std::chrono::milliseconds max) {
  const auto text = maybe_text(key);
  if (!text) return fallback;
  const auto value = parse_duration(*text);
  if (!value) {
    fault(key, value.error().message);
  } else if (*value < min || *value > max) {
    fault(key, "expected a duration from " + format_duration(min) + " to " + format_duration(max));
  } else {
    return *value;
  }
  return fallback;
}

std::vector<std::string> ConfigNode::texts(std::string_view key) {
  std::vector<std::string> list;
  const YAML::Node value = node_->value(key);
  if (value.IsNull()) return list;
  const bool is_list =
      value.IsSequence() &&
      std::all_of(value.begin(), value.end(), [](const auto& entry) { return entry.IsScalar(); });
  if (!is_list) {
    fault(key, "expected a list of words: [one, two]");
    return list;
  }
  for (const auto& entry : value) list.push_back(entry.Scalar());
  return list;
}

std::vector<std::pair<std::string, std::string>> ConfigNode::named_texts(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> named;
  if (node_->value(key).IsMap()) {
    ConfigNode mapping = section(key);
    for (const std::string& name : mapping.keys()) named.emplace_back(name, mapping.text(name));
  } else {
    for (const std::string& word : texts(key)) named.emplace_back(word, word);
  }
  return named;
}

std::optional<std::string> ConfigNode::maybe_path(std::string_view key) {
  const auto text = maybe_text(key);
  if (!text) return std::nullopt;
  return (document_->folder / *text).lexically_normal().string();
}

std::vector<std::string> ConfigNode::paths(std::string_view key) {
  std::vector<std::string> list = texts(key);
  for (std::string& path : list) path = (document_->folder / path).lexically_normal().string();
  return list;
}

std::optional<SecretSource> ConfigNode::secret(std::string_view key, bool allow_literal) {
  const std::string name(key);
  std::optional<SecretSource> source;
  int found = 0;
  if (const auto path = maybe_path(name + "_file")) {
    source = SecretSource::file(*path);
    ++found;
  }
  if (const auto variable = maybe_text(name + "_env")) {
    source = SecretSource::environment(*variable);
    ++found;
  }
  if (allow_literal) {
    if (auto literal = maybe_text(key)) {
      source = SecretSource::literal(Secret(std::move(*literal)));
      ++found;
    }
  }
  if (found > 1) fault("", "only one of the ways to give " + name);
  return source;
}

SecretSource ConfigNode::required_secret(const std::string& key, bool allow_literal) {
  auto source = secret(key, allow_literal);
  if (!source) {
    fault("", key + "_file or " + key + "_env is missing");
    return SecretSource::literal(Secret());
  }
  if (auto value = source->read(); !value) {
    fault(has(key + "_env") ? key + "_env" : key + "_file", value.error().message);
  }
  return *source;
}

ConfigNode ConfigNode::section(std::string_view key) {
  auto node = std::make_shared<Node>();
  node->yaml = node_->value(key);
  node->path = node_->path_of(key);
  node->line = node->yaml.IsNull() ? node_->line : node_->line_of(node->yaml);
  if (!node->yaml.IsNull() && !node->yaml.IsMap()) {
    fault(key, "expected a mapping of keys");
    node->yaml = YAML::Node();
  }
  document_->mappings.push_back(node);
  return {document_, node};
}

std::vector<ConfigNode> ConfigNode::sections(std::string_view key) {
  std::vector<ConfigNode> list;
  const YAML::Node value = node_->value(key);
  if (value.IsNull()) return list;
  if (!value.IsSequence()) {
    fault(key, "expected a list");
    return list;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto node = std::make_shared<Node>();
    node->yaml = value[i];
    node->path = node_->path_of(key) + "[" + std::to_string(i) + "]";
    node->line = node_->line_of(node->yaml);
    if (!node->yaml.IsMap()) {
      document_->fault(node->line, node->path, "expected a mapping of keys");
      continue;
    }
    document_->mappings.push_back(node);
    list.push_back({document_, node});
  }
  return list;
}

}  // namespace backstay
