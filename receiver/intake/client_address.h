#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_network.h"

namespace backstay::intake {

// Who sent a request, where proxies stand between. What X-Forwarded-For or Forwarded say is
// believed only as far as proxies of ours wrote it: from the right, each address that is trusted
// vouches for the one before it, and the first that is not trusted is the sender. Whatever is left
// of that, anybody could have written.
//
// Nothing where it cannot be known: an entry that is no address, quotes in Forwarded that are left
// open or stand where none may, or two headers that differ (a proxy sets one of the two, and passes
// on the other as the sender wrote it). Headers of the same
// name must have been joined with commas, in their order. Pure.
// https://www.rfc-editor.org/rfc/rfc7239
std::optional<IpAddress> client_address(const std::string& peer,
                                        const std::map<std::string, std::string>& headers,
                                        const std::vector<IpNetwork>& trusted_proxies);

bool is_in_any(const IpAddress& address, const std::vector<IpNetwork>& networks);

}  // namespace backstay::intake
