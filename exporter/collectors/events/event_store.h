#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace backstay::collectors {

// Where event collectors keep their state between two lives of the exporter, a text each.
class EventStore {
 public:
  virtual ~EventStore() = default;
  // None where nothing was saved yet.
  [[nodiscard]] virtual Result<std::optional<std::string>> load(const std::string& name) = 0;
  // After success it is on disk, after a failure what was there before is.
  [[nodiscard]] virtual Result<void> save(const std::string& name, const std::string& text) = 0;
  // Keeps what is saved under a name of its own, for a person to look at; returns that name.
  [[nodiscard]] virtual Result<std::string> set_aside(const std::string& name,
                                                      const std::string& why) = 0;
};

// A folder: name.json for each. Different names may be used at one time.
class FolderEventStore final : public EventStore {
 public:
  // Makes the folder where it is missing.
  explicit FolderEventStore(std::string folder);
  [[nodiscard]] Result<std::optional<std::string>> load(const std::string& name) override;
  [[nodiscard]] Result<void> save(const std::string& name, const std::string& text) override;
  [[nodiscard]] Result<std::string> set_aside(const std::string& name,
                                              const std::string& why) override;

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const;
  const std::string folder_;
};

// Without a state_dir: every life begins anew from the tables.
class NoEventStore final : public EventStore {
 public:
  [[nodiscard]] Result<std::optional<std::string>> load(const std::string& /*name*/) override {
    return std::optional<std::string>();
  }
  [[nodiscard]] Result<void> save(const std::string& /*name*/,
                                  const std::string& /*text*/) override {
    return {};
  }
  [[nodiscard]] Result<std::string> set_aside(const std::string& name,
                                              const std::string& /*why*/) override {
    return name;
  }
};

}  // namespace backstay::collectors
