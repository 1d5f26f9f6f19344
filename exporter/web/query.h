#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "exporter/collectors/filter.h"

namespace backstay::web {

// The parameters of "a=1&b=2" in their order, percent-decoded; '+' is a blank. Fails where an
// escape is cut off or is not of hexadecimal digits.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

// collect[]=NAME&collect[]=NAME or exclude[]=NAME; other parameters are none of its business. Fails
// with words for the caller where both are there or a name is not among the known ones.
Result<collectors::CollectorFilter> collector_filter(std::string_view query,
                                                     const std::vector<std::string>& known);

}  // namespace backstay::web
