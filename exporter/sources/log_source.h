#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "exporter/formats/parser.h"
#include "exporter/sources/log_files.h"
#include "exporter/sources/totals.h"

namespace backstay::sources {

// The files of one entry of the configuration: what is read of them goes into the totals. Of one
// thread.
class LogSource {
 public:
  // number: of the totals' source of this name.
  LogSource(std::string pattern, std::unique_ptr<formats::Parser> parser, Totals& totals,
            std::size_t number, Clock& clock);

  // Where reading begins: at the places of a checkpoint that knew this source, else at the end of
  // what is there.
  void begin(std::int64_t saved_at_ms);
  // Everything that is there now.
  void catch_up();
  // Follows the files until stop is requested.
  void run(const std::stop_token& stop);
  // Reads the files once, from start to end. Fails where there is nothing to read.
  Result<void> read_whole();

 private:
  bool poll();

  const std::string pattern_;
  const std::unique_ptr<formats::Parser> parser_;
  Totals& totals_;
  const std::size_t number_;
  Clock& clock_;
  LogFiles files_;
  const LogFiles::Sink sink_;
};

}  // namespace backstay::sources
