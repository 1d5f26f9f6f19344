#include "exporter/sources/log_source.h"

#include <utility>

namespace backstay::sources {
namespace {

constexpr std::chrono::milliseconds kPollInterval{80};

}  // namespace

LogSource::LogSource(std::string pattern, std::unique_ptr<formats::Parser> parser, Totals& totals,
                     std::size_t number, Clock& clock)
    : pattern_(std::move(pattern)),
      parser_(std::move(parser)),
      totals_(totals),
      number_(number),
      clock_(clock),
      files_(pattern_, clock),
      sink_([this](std::string_view lines, const FilePlace&) {
        totals_.take(number_, lines, *parser_, files_);
      }) {}

void LogSource::begin(std::int64_t saved_at_ms) {
  if (const auto places = totals_.places(number_)) {
    files_.resume(*places, saved_at_ms);
  } else {
    files_.begin(LogFiles::From::end);
  }
}

bool LogSource::poll() {
  const bool has_read = files_.poll(sink_);
  totals_.note(number_, files_);
  return has_read;
}

void LogSource::catch_up() {
  while (poll()) {
  }
}

void LogSource::run(const std::stop_token& stop) {
  do {
    while (!stop.stop_requested() && poll()) {
    }
  } while (clock_.sleep(kPollInterval, stop));
}

Result<void> LogSource::read_whole() {
  files_.begin(LogFiles::From::start);
  catch_up();
  if (!files_.counters().is_readable) return fail(pattern_ + ": cannot be read");
  files_.finish(sink_);
  totals_.note(number_, files_);
  return {};
}

}  // namespace backstay::sources
