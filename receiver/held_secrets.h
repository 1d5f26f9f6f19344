#pragma once

#include <vector>

#include "base/secret.h"
#include "receiver/config.h"

namespace backstay {

// Every secret that the configuration names, as it is now, and what is one by itself inside of it
// (the passwords in the database's address, the key behind whsec_ and the end of Slack's address
// where these are of 16 bytes and more): what must not be kept of what programs print. One that
// cannot be read now is left out.
std::vector<Secret> held_secrets(const ReceiverConfig& config);

}  // namespace backstay
