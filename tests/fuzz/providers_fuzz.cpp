#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "receiver/intake/digests.h"
#include "receiver/intake/provider.h"
#include "tests/fuzz/delivery.h"
#include "tests/fuzz/require.h"

// One program a provider: BACKSTAY_FUZZ_PROVIDER says which. An input is a delivery as
// delivery.h reads it. Whatever comes, without the secret nobody is
// let in, and what a payload names as a release is fit to be an argument.
namespace backstay::intake {
namespace {

using fuzz::require;

WebhookConfig configuration() {
  WebhookConfig config;
  config.name = "fuzz";
  config.provider = BACKSTAY_FUZZ_PROVIDER;
  config.secrets = {SecretSource::literal(Secret("6f1d0a4c-unknown-to-the-fuzzer-93b7"))};
  config.workflows = {"deploy.yml"};
  config.generic.signature = GenericConfig::Signature::timestamped;
  config.generic.header = "x-signature";
  config.generic.event = "/type";
  config.generic.id = "/id";
  config.generic.release = "/deploys/0/release";
  config.generic.actor = "/actor";
  config.generic.environment = "/a~1b";
  config.generic.details = {{"commit", "/commit"},         {"commit_times", "/commits/times"},
                            {"digest", "/digest"},         {"migrations", "/migrations"},
                            {"rollback_safe", "/is_safe"}, {"rework", "/rework"}};
  config.generic.events = {{"up", EventKind::deploy_succeeded},
                           {"back", EventKind::rollback_requested}};
  return config;
}

void check(const Event& event) {
  require(event.source == "fuzz");
  require(!event.dedupe_key.empty());
  require(event.release.empty() || is_valid_release_name(event.release));
  const bool is_alert =
      event.kind == EventKind::alert_firing || event.kind == EventKind::alert_resolved;
  require(!is_alert || (event.began_at && !event.subject.empty()));
}

void check_digests(std::string_view bytes) {
  if (!bytes.empty()) require(from_base64(to_base64(bytes)) == bytes);
  static_cast<void>(from_base64(bytes));
  static_cast<void>(from_base64url(bytes));
}

}  // namespace
}  // namespace backstay::intake

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace backstay::intake;
  using backstay::fuzz::require;
  static const std::unique_ptr<Provider> provider = make_provider(configuration()).value();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Delivery delivery = backstay::fuzz::delivery_of(input);
  require(provider->authenticate(delivery).has_value());
  const Parsed parsed = provider->parse(delivery, "fuzz");
  if (const auto* accepted = std::get_if<Accepted>(&parsed)) {
    require(!accepted->events.empty());
    for (const backstay::Event& event : accepted->events) check(event);
  }
  if (const auto* malformed = std::get_if<Malformed>(&parsed)) require(!malformed->reason.empty());
  check_digests(input);
  return 0;
}
