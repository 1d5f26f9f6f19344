#include "exporter/collectors/pg/pg_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace backstay::collectors {
namespace {

constexpr std::size_t kSessionsMax =
    64;  // more than connections; a pooler may bring new ones forever

// Which session answers, and when it read its configuration. A promotion changes settings too.
constexpr const char* kSession =
    "pg_backend_pid() || ' ' || extract(epoch FROM b.backend_start) || ' ' || "
    "extract(epoch FROM pg_conf_load_time()) || ' ' || pg_is_in_recovery() "
    "FROM pg_stat_get_activity(pg_backend_pid()) b";

// What SET LOCAL or BEGIN READ ONLY changed for this very query is shown as it is outside of it.
// The session is read once more, in the same statement: through a pooler it may be another one by
// now.
std::string settings_sql() {
  return R"sql(
SELECT name, CASE
         WHEN name = 'transaction_read_only' THEN
           CASE WHEN pg_is_in_recovery() THEN 'on'
                ELSE current_setting('default_transaction_read_only') END
         WHEN source = 'session' THEN reset_val
         ELSE setting END,
       unit, short_desc, (SELECT )sql" +
         std::string(kSession) + R"sql()
FROM pg_settings WHERE vartype IN ('bool', 'integer', 'real'))sql";
}

struct Unit {
  std::string_view name;
  std::string_view base;
  double factor;
};

// https://www.postgresql.org/docs/15/config-setting.html#CONFIG-SETTING-NAMES-VALUES
constexpr std::array<Unit, 11> kUnits{{{"us", "seconds", 1e-6},
                                       {"ms", "seconds", 1e-3},
                                       {"s", "seconds", 1},
                                       {"min", "seconds", 60},
                                       {"h", "seconds", 3600},
                                       {"d", "seconds", 86400},
                                       {"B", "bytes", 1},
                                       {"kB", "bytes", 1024},
                                       {"MB", "bytes", 1048576},
                                       {"GB", "bytes", 1073741824},
                                       {"TB", "bytes", 1099511627776}}};

// "8kB": a unit may have a number before it.
std::optional<Unit> parse_unit(std::string_view text) {
  double times = 1;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), times);
  const std::string_view rest = text.substr(static_cast<std::size_t>(number.ptr - text.data()));
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                  [rest](const Unit& candidate) { return candidate.name == rest; });
  if (unit == kUnits.end()) return std::nullopt;
  return Unit{unit->name, unit->base, unit->factor * times};
}

std::optional<double> parse_value(std::string_view setting) {
  if (setting == "on") return 1;
  if (setting == "off") return 0;
  double value = 0;
  const char* end = setting.data() + setting.size();
  const auto parsed = std::from_chars(setting.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::string text(const pg::Rows& rows, std::size_t row, std::size_t column) {
  return std::string(rows.at(row, column).value_or(""));
}

metrics::Families families_of(const pg::Rows& rows) {
  metrics::Families families;
  families.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto family =
        family_of({text(rows, row, 0), text(rows, row, 1), text(rows, row, 2), text(rows, row, 3)});
    if (family) families.push_back(std::move(*family));
  }
  return families;
}

bool is_same(const metrics::Family& left, const metrics::Family& right) {
  return left.name == right.name && left.samples.front().value == right.samples.front().value;
}

}  // namespace

std::optional<metrics::Family> family_of(const Setting& setting) {
  auto value = parse_value(setting.setting);
  if (!value) return std::nullopt;
  std::string name = "pg_settings_" + setting.name;
  std::replace(name.begin(), name.end(), '.', '_');
  std::string help = setting.help;
  if (!setting.unit.empty()) {
    const auto unit = parse_unit(setting.unit);
    if (!unit) return std::nullopt;
    name += "_" + std::string(unit->base);
    help += " [Units converted to " + std::string(unit->base) + ".]";
    if (*value != -1) value = *value * unit->factor;
  }
  return metrics::Family{name, help, metrics::Type::gauge, {{{}, *value, {}}}};
}

const std::string& PgSettings::name() const {
  static const std::string name = "settings";
  return name;
}

Result<metrics::Families> PgSettings::collect(pg::Connection& connection,
                                              const pg::Limits& limits) {
  const auto shared = snapshot(connection, limits);
  if (!shared) return fail(shared.error());
  return shared->families();
}

std::string PgSettings::question(int /*server_version*/) const {
  return std::string("SELECT ") + kSession;
}

std::optional<metrics::Snapshot> PgSettings::answer(const pg::Rows& session,
                                                    int /*server_version*/) {
  if (session.size() != 1) return std::nullopt;
  const auto known = known_.find(text(session, 0, 0));
  if (known == known_.end()) return std::nullopt;
  return known->second;
}

// Most sessions show the same, which is kept once.
metrics::Snapshot PgSettings::shared(metrics::Snapshot read) const {
  const metrics::Families& families = read.families();
  for (const auto& [session, known] : known_) {
    const metrics::Families& other = known.families();
    if (std::equal(other.begin(), other.end(), families.begin(), families.end(), is_same)) {
      return known;
    }
  }
  return read;
}

Result<metrics::Snapshot> PgSettings::snapshot(pg::Connection& connection,
                                               const pg::Limits& limits) {
  const auto session = connection.query(question(connection.server_version()), limits);
  if (!session) return fail(session.error());
  if (auto known = answer(*session, connection.server_version())) return std::move(*known);
  const auto rows = connection.query(settings_sql(), limits);
  if (!rows) return fail(rows.error());
  metrics::Snapshot read = shared(metrics::Snapshot(families_of(*rows)));
  if (rows->size() > 0) {
    if (known_.size() >= kSessionsMax) known_.clear();
    known_[text(*rows, 0, 4)] = read;
  }
  return read;
}

}  // namespace backstay::collectors
