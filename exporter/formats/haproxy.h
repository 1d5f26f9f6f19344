#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/formats/parser.h"

namespace backstay::formats {

// HAProxy's HTTP log, as `option httplog` and `option httpslog` of 2.6 write it, with or without
// what a syslog daemon puts in front:
//   CLIENT:PORT [DATE] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES COOKIE COOKIE STATE
//   ACTCONN/FECONN/BECONN/SRVCONN/RETRIES SRVQUEUE/QUEUE {HEADERS} {HEADERS} "METHOD TARGET
//   VERSION"
// The duration is Ta, all of the time from the request's first byte to the answer's last. The
// requests in flight are beconn, what the backend works on or has in its queue, and this one, which
// is not among them any more when its line is written, unless `option logasap` (a + before Ta)
// writes it early: actconn and feconn count idle connections of clients, srvconn one server alone.
// The date is that of the first byte, in the local time of HAProxy's machine and without a zone: it
// is taken to be the zone of this process, and Ta is added.
// https://docs.haproxy.org/2.6/configuration.html#8.2.3
class Haproxy final : public Parser {
 public:
  [[nodiscard]] Parsed parse(std::string_view line) override;

 private:
  std::int64_t local_offset_ms(std::string_view date);

  // Asking for the zone's offset is dear, and it changes at full quarters of an hour at most.
  std::string quarter_;
  std::int64_t offset_ms_ = 0;
};

}  // namespace backstay::formats
