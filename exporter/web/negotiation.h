#pragma once

#include <string_view>

#include "exporter/metrics/serializer.h"

namespace backstay::web {

// What the value of Accept prefers of the two that there are; text where it names neither, since
// every scraper reads that. OpenMetrics only in version 1.0.0, or where no version is named.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept
metrics::Format preferred_format(std::string_view accept);

// Whether Accept-Encoding allows gzip: named, or any coding, and not with q=0.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace backstay::web
