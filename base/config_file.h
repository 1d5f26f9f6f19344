#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace backstay {

// One mapping of a YAML file, read strictly. Each accessor marks its key as known and notes what is
// wrong with the value; finish() on the root then reports everything at once, unknown keys
// included, one line a fault, each with its place:
//
//   receiver.yml:12: policy.rules[0].cooldwon: unknown key (did you mean cooldown?)
//   receiver.yml:14: policy.limits.rollbacks_per_hour: expected a whole number from 1 to 100
//
// After a fault an accessor returns its default (or an empty value), so that reading goes on;
// nothing read may be used unless finish() succeeded. Relative paths are relative to the file's own
// folder. The only includer of yaml-cpp. Copies share one document. Not thread-safe.
class ConfigNode {
 public:
  // Far more than any configuration or catalog is.
  static constexpr std::size_t kFileBytesMax = 1024 * 1024;
  // Reads and parses; fails if the file cannot be read, is larger than kFileBytesMax, is not YAML,
  // or its root is no mapping (an empty file is an empty mapping).
  static Result<ConfigNode> load(const std::string& path);
  // The same from text; `name` stands for the file in messages.
  static Result<ConfigNode> parse(const std::string& text, const std::string& name);

  // Everything that is wrong so far, or nothing. Call on the root after all keys have been read.
  [[nodiscard]] Result<void> finish() const;

  [[nodiscard]] bool has(std::string_view key) const;
  // All keys of a mapping whose keys are names chosen by the user (labels, components), in order.
  [[nodiscard]] std::vector<std::string> keys() const;

  std::string text(std::string_view key);  // required, not empty
  std::string text_or(std::string_view key, std::string_view fallback);
  std::optional<std::string> maybe_text(std::string_view key);
  // One of the given words.
  std::string choice_or(std::string_view key, const std::vector<std::string>& words,
                        std::string_view fallback);
  std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                          std::int64_t max);
  double number_or(std::string_view key, double fallback, double min, double max);
  bool flag_or(std::string_view key, bool fallback);
  std::chrono::milliseconds duration_or(std::string_view key, std::chrono::milliseconds fallback,
                                        std::chrono::milliseconds min,
                                        std::chrono::milliseconds max);
  std::vector<std::string> texts(std::string_view key);  // a list of scalars; absent: empty
  // A mapping of names of the user's own to text, in order; or a list of words, each of which then
  // is its own name. Absent: empty.
  std::vector<std::pair<std::string, std::string>> named_texts(std::string_view key);
  // A path, made absolute against the configuration file's folder.
  std::optional<std::string> maybe_path(std::string_view key);
  // A list of paths, made absolute likewise; absent: empty.
  std::vector<std::string> paths(std::string_view key);
  // <key>, <key>_file or <key>_env, at most one of them. With allow_literal false, <key> itself is
  // an unknown key. The source is not read here.
  std::optional<SecretSource> secret(std::string_view key, bool allow_literal);
  // The same where it must be there. The source is read once, so that a missing file shows here.
  SecretSource required_secret(const std::string& key, bool allow_literal);

  // A nested mapping; absent: an empty one, so that its defaults apply.
  ConfigNode section(std::string_view key);
  // A list of mappings; absent: empty.
  std::vector<ConfigNode> sections(std::string_view key);

  // Notes a fault the accessors cannot see ("unknown provider gitlub"); key may be empty for the
  // mapping itself.
  void fault(std::string_view key, const std::string& message);
  // "receiver.yml:12: policy.rules[0]", for messages of one's own.
  [[nodiscard]] std::string where() const;

 private:
  struct Document;
  struct Node;
  ConfigNode(std::shared_ptr<Document> document, std::shared_ptr<Node> node);
  std::shared_ptr<Document> document_;
  std::shared_ptr<Node> node_;
};

}  // namespace backstay
