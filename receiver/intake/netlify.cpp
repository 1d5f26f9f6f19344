#include "receiver/intake/netlify.h"

#include "receiver/intake/json_fields.h"
#include "receiver/intake/jws.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

std::optional<EventKind> kind_of_state(const std::string& state) {
  if (state == "ready") return EventKind::deploy_succeeded;
  if (state == "error") return EventKind::deploy_failed;
  if (state == "building") return EventKind::deploy_started;
  return std::nullopt;
}

// These come with the deploy as it is, and say nothing new about how it went.
bool is_about_something_else(std::string_view event) {
  return event == "deploy_deleted" || event == "deploy_locked" || event == "deploy_unlocked" ||
         event == "deploy_restored";
}

void read_label(const json& payload, const char* field, const char* label, Event& event) {
  const std::string value = text_at(payload, std::string("/") + field);
  if (!value.empty()) event.labels[label] = value;
}

}  // namespace

std::optional<AuthFailure> Netlify::authenticate(const Delivery& delivery) const {
  const auto header = delivery.header("x-webhook-signature");
  if (!header) return AuthFailure::no_credentials;
  const auto jws = parse_jws_hs256(*header);
  if (!jws) return AuthFailure::malformed;
  const auto failure = match_any(
      secrets_, [&](const Secret& secret) { return is_signed_by(*jws, secret.reveal()); });
  if (failure) return failure;
  const json claims = parse_json(jws->claims);
  const bool is_netlifys = claims.is_object() && text_at(claims, "/iss") == "netlify";
  const std::string body_hash = to_hex(sha256(delivery.body));
  if (!is_netlifys || !equal_in_constant_time(text_at(claims, "/sha256"), body_hash)) {
    return AuthFailure::wrong;
  }
  return std::nullopt;
}

Parsed Netlify::parse(const Delivery& delivery, const std::string& source) const {
  const json payload = parse_json(delivery.body);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const auto named = delivery.header("x-netlify-event");
  if (named && is_about_something_else(*named)) return Ignored{"kind " + std::string(*named)};
  const std::string state = text_at(payload, "/state");
  if (state.empty()) return Malformed{"state: missing"};
  const auto kind = kind_of_state(state);
  if (!kind) return Ignored{"state of no consequence"};

  Event event;
  event.kind = *kind;
  event.source = source;
  event.actor = "netlify";
  event.release = text_at(payload, "/id");
  if (!is_valid_release_name(event.release)) return Malformed{"id: not a deploy's id"};
  event.dedupe_key = event.release + " " + state;
  read_label(payload, "context", "environment", event);
  read_label(payload, "branch", "branch", event);
  read_label(payload, "commit_ref", "commit", event);
  read_label(payload, "name", "site", event);
  event.subject = text_at(payload, "/context");
  event.details = details_of(text_at(payload, "/commit_ref"), "");
  return Accepted{{event}};
}

}  // namespace backstay::intake
