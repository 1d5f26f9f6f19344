#pragma once

#include <array>
#include <set>
#include <string>

#include "base/pg.h"
#include "base/result.h"
#include "exporter/collectors/events/event_time.h"

namespace backstay::collectors {

// Why nothing can become final now.
enum class Hold {
  standby,               // what is running on the primary cannot be seen
  hidden_session,        // another role's, and ours is no member of pg_read_all_stats
  tracking_off,          // a session with track_activities off
  prepared_transaction,  // its start is not kept anywhere
};
inline constexpr std::array kHolds{Hold::standby, Hold::hidden_session, Hold::tracking_off,
                                   Hold::prepared_transaction};
std::string to_string(Hold hold);

// How far back a transaction that is still running may have begun.
struct Bound {
  EventTime clock;   // the server's, when it began to look
  EventTime oldest;  // no transaction whose rows are not visible yet began before; clock, if none
  std::set<Hold> holds;
};

// Looks at the sessions, then at the prepared transactions, in transactions of their own: a
// snapshot that is taken after this has returned sees every row of every transaction that began
// before `oldest`, given that there is no hold.
Result<Bound> read_bound(pg::Connection& connection, const pg::Limits& limits);

}  // namespace backstay::collectors
