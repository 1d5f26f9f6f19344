#include "exporter/sources/totals.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "exporter/requests/report.h"
#include "exporter/sources/source_families.h"

namespace backstay::sources {
namespace {

using requests::RequestCounts;
using requests::Tally;

constexpr std::uint64_t kRecordVersion = 1;
constexpr std::size_t kSourceBytesMin = 64;  // of one in a record
// Longer than any disk should take; after that the sender is told to come again.
constexpr std::chrono::seconds kPatience{5};
constexpr std::int64_t kTidyEveryMs = 60'000;

class CountedBatch final : public Batch {
 public:
  CountedBatch(std::size_t number, std::shared_ptr<const requests::RequestOptions> options,
               std::int64_t now_ms)
      : source(number), tally(std::move(options), RequestCounts::Learning::all), now_ms_(now_ms) {}

  void take(const formats::Parsed& parsed) override {
    lines.take(parsed);
    tally.take(parsed, now_ms_);
  }
  void take_too_long() override { lines.take_too_long(); }

  const std::size_t source;
  Tally tally;
  LineCounts lines;

 private:
  const std::int64_t now_ms_;
};

}  // namespace

Totals::Totals(std::shared_ptr<const requests::RequestOptions> options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      started_ms_(now_ms()),
      tally_(options_, RequestCounts::Learning::proven) {}

std::int64_t Totals::now_ms() const { return clock_.now().time_since_epoch().count(); }

void Totals::tidy(std::int64_t now) {
  if (now - tidied_ms_ < kTidyEveryMs) return;
  tally_.tidy(now);
  tidied_ms_ = now;
}

std::size_t Totals::add_file(std::string name) {
  const MutexLock lock(mutex_);
  sources_.push_back({std::move(name), true, false, {}, {}, {}, {}});
  return sources_.size() - 1;
}

std::size_t Totals::add_drain(std::string name) {
  const MutexLock lock(mutex_);
  sources_.push_back({std::move(name), false, false, {}, {}, {}, {}});
  return sources_.size() - 1;
}

std::optional<std::vector<FilePlace>> Totals::places(std::size_t source) const {
  const MutexLock lock(mutex_);
  if (!sources_[source].is_restored) return std::nullopt;
  return sources_[source].places;
}

void Totals::take(std::size_t source, std::string_view lines, formats::Parser& parser,
                  const LogFiles& files) {
  const std::int64_t now = now_ms();
  const MutexLock lock(mutex_);
  SourceCounts& counts = sources_[source];
  while (!lines.empty()) {
    const auto* end = static_cast<const char*>(std::memchr(lines.data(), '\n', lines.size()));
    const std::size_t size =
        end == nullptr ? lines.size() : static_cast<std::size_t>(end - lines.data());
    const formats::Parsed parsed = parser.parse(lines.substr(0, size));
    counts.lines.take(parsed);
    tally_.take(parsed, now);
    lines.remove_prefix(std::min(lines.size(), size + 1));
  }
  counts.places = files.places();
  counts.files = files.counters();
  ++generation_;
}

void Totals::note(std::size_t source, const LogFiles& files) {
  const std::int64_t now = now_ms();
  const MutexLock lock(mutex_);
  tidy(now);
  SourceCounts& counts = sources_[source];
  // What is worth a checkpoint changes seldom.
  if (counts.places != files.places()) {
    counts.places = files.places();
    ++generation_;
  }
  counts.files = files.counters();
}

std::unique_ptr<Batch> Totals::open(const std::string& drain) {
  const std::int64_t now = now_ms();
  const MutexLock lock(mutex_);
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const SourceCounts& each) {
    return !each.is_file && each.name == drain;
  });
  return std::make_unique<CountedBatch>(static_cast<std::size_t>(found - sources_.begin()),
                                        options_, now);
}

Totals::Taken Totals::commit(std::unique_ptr<Batch> batch, const BatchId& id) {
  const auto& counted = static_cast<const CountedBatch&>(*batch);
  bool is_new = false;
  std::uint64_t generation = 0;
  {
    const std::int64_t now = now_ms();
    const MutexLock lock(mutex_);
    tidy(now);
    is_new = seen_.add(id);
    if (is_new) {
      sources_[counted.source].lines.merge(counted.lines);
      tally_.merge(counted.tally);
      batch_generation_ = ++generation_;
    }
    generation = batch_generation_;
  }
  if (checkpoint_ != nullptr && !checkpoint_->wait_for(generation, clock_.steady() + kPatience)) {
    return Taken::not_kept;
  }
  return is_new ? Taken::counted : Taken::seen_before;
}

Totals::Moment Totals::moment() const {
  RecordWriter writer;
  writer.number(kRecordVersion);
  writer.number(static_cast<std::uint64_t>(now_ms()));
  const MutexLock lock(mutex_);
  tally_.save(writer);
  seen_.save(writer);
  writer.number(sources_.size());
  for (const SourceCounts& source : sources_) source.save(writer);
  return {generation_, std::move(writer).take()};
}

std::uint64_t Totals::generation() const {
  const MutexLock lock(mutex_);
  return generation_;
}

Result<std::int64_t> Totals::restore(std::string_view record) {
  RecordReader reader(record);
  if (reader.number() != kRecordVersion) return fail("the checkpoint is of another version");
  const auto saved_at_ms = static_cast<std::int64_t>(reader.number());
  const MutexLock lock(mutex_);
  bool is_good = tally_.load(reader) && seen_.load(reader);
  std::vector<SourceCounts> loaded;
  for (std::size_t left = reader.count(kSourceBytesMin); left > 0; --left) {
    loaded.emplace_back().name = reader.text();
    loaded.back().load(reader);
  }
  is_good = is_good && reader.is_good() && reader.is_at_end();
  if (!is_good) {
    tally_.clear();
    seen_ = SeenBatches();
    return fail("the checkpoint is damaged");
  }
  for (SourceCounts& source : sources_) {
    for (SourceCounts& each : loaded) {
      if (each.name != source.name) continue;
      each.is_file = source.is_file;
      each.is_restored = true;
      source = std::move(each);
      break;
    }
  }
  return saved_at_ms;
}

metrics::Families Totals::families() const {
  metrics::Families families;
  std::uint64_t shown = 0;
  {
    const MutexLock lock(mutex_);
    families = tally_.requests().families();
    for (metrics::Family& family : tally_.errors().families()) {
      families.push_back(std::move(family));
    }
    for (metrics::Family& family : families_of(sources_, now_ms()))
      families.push_back(std::move(family));
    shown = generation_;
  }
  if (checkpoint_ != nullptr && shown > 0) {
    // Where the disk is full, what is counted is shown all the same.
    static_cast<void>(checkpoint_->wait_for(shown, clock_.steady() + kScrapePatience));
  }
  return families;
}

Result<std::string> Totals::report_json(const std::string& window) const {
  const auto parsed = requests::parse_window(window);
  if (!parsed) return fail(parsed.error());
  requests::Report report(*parsed, now_ms(), started_ms_);
  {
    const MutexLock lock(mutex_);
    for (const requests::RouteCounts& route : tally_.requests().routes()) {
      report.add(route.method, route.route, route.window);
    }
  }
  return report.to_json();
}

std::string Totals::errors_json() const {
  const MutexLock lock(mutex_);
  return tally_.errors().to_json(now_ms());
}

}  // namespace backstay::sources
