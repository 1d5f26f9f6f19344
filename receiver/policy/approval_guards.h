#pragma once

#include "receiver/policy/guards.h"

namespace backstay {

// The guards about what people were asked and what they said. Pure.

// Nobody refused this very event, and the time to approve it is not over.
Guard approval_holds(const Case& c);
// Nobody refused a rollback of this deployment.
Guard nobody_refused(const Case& c, const Deployment& live);
// What people were asked about is still live.
Guard is_still_the_question(const Case& c, const Deployment& live);
// What would be done now is what was approved.
Guard is_what_was_approved(const Case& c, const Decision& plan);

}  // namespace backstay
