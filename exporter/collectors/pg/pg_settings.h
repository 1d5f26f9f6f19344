#pragma once

#include <map>
#include <optional>
#include <string>

#include "exporter/collectors/collector.h"

namespace backstay::collectors {

struct Setting {
  std::string name;
  std::string setting;
  std::string unit;  // as pg_settings has it: ms, s, min, B, kB, 8kB, MB …; empty for none
  std::string help;
};

// pg_settings_<name>[_seconds|_bytes], dots as underscores, in base units; -1, which turns a
// setting off, stays -1. None where the setting is no number or its unit is not known.
std::optional<metrics::Family> family_of(const Setting& setting);

// Every bool, integer and real setting. They are read when a session has not been seen before, or
// has read its configuration again; otherwise what that session showed last still holds. What a
// client set for itself is not the server's configuration and does not show.
// https://www.postgresql.org/docs/15/view-pg-settings.html
class PgSettings final : public Collector {
 public:
  [[nodiscard]] const std::string& name() const override;
  [[nodiscard]] Result<metrics::Families> collect(pg::Connection& connection,
                                                  const pg::Limits& limits) override;
  [[nodiscard]] Result<metrics::Snapshot> snapshot(pg::Connection& connection,
                                                   const pg::Limits& limits) override;
  [[nodiscard]] bool is_quick() const override { return true; }
  // Which session it is; what it showed last.
  [[nodiscard]] std::string question(int server_version) const override;
  [[nodiscard]] std::optional<metrics::Snapshot> answer(const pg::Rows& session,
                                                        int server_version) override;

 private:
  [[nodiscard]] metrics::Snapshot shared(metrics::Snapshot read) const;

  // By session and the time at which it read its configuration.
  std::map<std::string, metrics::Snapshot> known_;
};

}  // namespace backstay::collectors
