#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ip_network.h"
#include "base/result.h"
#include "base/secret.h"
#include "receiver/event.h"
#include "receiver/intake/rate_limit.h"

namespace backstay::intake {

// One webhook delivery, as a provider sees it.
struct Delivery {
  // Header names are in lower case.
  std::map<std::string, std::string> headers;
  std::string_view body;  // the raw bytes: signatures are over these
  WallTime received_at;
  std::string user = {};  // of the web configuration, by whose password it came in; empty: none

  [[nodiscard]] std::optional<std::string_view> header(const std::string& lower_case_name) const;
};

// Why a delivery was not let in; answered with 401 and counted by provider and reason, the sender
// is not told which it was.
enum class AuthFailure {
  no_credentials,      // no signature or token at all
  malformed,           // not in the provider's form
  wrong,               // does not match any configured secret
  too_old,             // outside the replay window
  secret_unavailable,  // our own secret cannot be read: the log says where
};
std::string_view to_string(AuthFailure failure);

struct Accepted {
  std::vector<Event> events;  // may be several (an Alertmanager group), never none
};
struct Ignored {
  std::string reason;  // for the log and the answer: "ping", "kind push"
};
struct Malformed {
  std::string reason;  // names the field, never quotes the payload at length
};
using Parsed = std::variant<Accepted, Ignored, Malformed>;

// Who sends webhooks: how they prove it and what they mean. Pure but for reading the secrets.
// Thread-safe. To add one: a file pair, a row in the table in providers.cpp, a test, a row in the
// docs.
class Provider {
 public:
  virtual ~Provider() = default;
  // Nothing when the delivery is genuine.
  [[nodiscard]] virtual std::optional<AuthFailure> authenticate(const Delivery& delivery) const = 0;
  // Only called after authenticate() let the delivery in. Events carry the given source.
  [[nodiscard]] virtual Parsed parse(const Delivery& delivery, const std::string& source) const = 0;
};

// How `generic` tells genuine deliveries, and where the fields of its payloads are: each a JSON
// pointer (RFC 6901), empty where the sender has no such field.
struct GenericConfig {
  enum class Signature { token, hmac_sha256, hmac_sha1, timestamped };
  Signature signature = Signature::token;
  std::string header;  // in lower case
  std::string event;
  std::string id;
  std::string release;
  std::string actor;
  std::string environment;
  std::map<std::string, std::string> details;  // a key of ReleaseDetails → where it is
  std::map<std::string, EventKind> events;     // the sender's word for it → what it is for us
};

struct WebhookConfig {
  std::string name;
  std::string provider;
  std::vector<SecretSource> secrets;        // one, or two while a secret is being rotated
  std::vector<std::string> workflows = {};  // github: those whose runs are deploys
  GenericConfig generic = {};               // generic
  std::string basic_auth_user = {};         // alertmanager: instead of secrets
  bool asks_basic_auth = true;              // where the web configuration has users
  std::vector<IpNetwork> allow_from = {};   // empty: from anywhere
  RateLimitConfig rate_limit = {};
};

// The explicit table of providers.
std::vector<std::string> provider_names();
// Fails for a name that is not in the table.
Result<std::unique_ptr<Provider>> make_provider(const WebhookConfig& config);

}  // namespace backstay::intake
