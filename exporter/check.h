#pragma once

#include <iosfwd>

#include "exporter/config.h"

namespace backstay {

enum class CheckOutcome { good, database_not_asked, bad };

// --config.check, once the configuration is read: connects to the database and lets it explain each
// query of the collectors, without running it. One line a query; what is wrong goes to `err`.
CheckOutcome check_queries(const ExporterConfig& config, std::ostream& out, std::ostream& err);

}  // namespace backstay
