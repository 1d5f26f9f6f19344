#include "receiver/intake/github.h"

#include <algorithm>

#include "receiver/intake/json_fields.h"
#include "receiver/intake/parse_json.h"
#include "receiver/intake/signatures.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

// Two thirds of a payload are addresses in GitHub's API, which nothing here looks at.
bool is_address(std::string_view name) {
  return name.size() > 4 && name.substr(name.size() - 4) == "_url";
}

// Who makes a deployment may give its payload as a text (`gh api … -f payload='{…}'`), and GitHub
// hands that on as it is. The object in it is what was meant: a rollback_safe in it must be heard.
void unfold_payload(json& payload) {
  const json::json_pointer where("/deployment/payload");
  if (!payload.contains(where) || !payload.at(where).is_string()) return;
  json inside = parse_json(payload.at(where).get_ref<const std::string&>());
  if (inside.is_object()) payload[where] = std::move(inside);
}

// Whoever names a release in the payload does not mean the ref, even where the name is no good.
std::string release_of(const json& payload) {
  if (payload.contains(json::json_pointer("/deployment/payload/release"))) {
    return text_at(payload, "/deployment/payload/release");
  }
  const std::string ref = text_at(payload, "/deployment/ref");
  return is_valid_release_name(ref) ? ref : text_at(payload, "/deployment/sha");
}

// The delivery's id is in a header, which the signature does not cover: who has caught a delivery
// could send it again under another. What the body itself is about is signed.
std::string dedupe_key(const json& payload, const std::string& kind, const std::string& delivery) {
  const json::json_pointer where("/" + kind + "/id");
  if (!payload.contains(where) || !payload.at(where).is_number_integer()) return delivery;
  return kind + " " + payload.at(where).dump();
}

std::optional<EventKind> kind_of_status(const std::string& state) {
  if (state == "success") return EventKind::deploy_succeeded;
  if (state == "failure" || state == "error") return EventKind::deploy_failed;
  if (state == "pending" || state == "queued" || state == "in_progress") {
    return EventKind::deploy_started;
  }
  return std::nullopt;
}

// Beside what GitHub itself knows, whoever makes the deployment may put into its payload what we
// ask for.
ReleaseDetails details_of(const json& payload) {
  const json::json_pointer where("/deployment/payload");
  const bool is_told = payload.contains(where) && payload.at(where).is_object();
  ReleaseDetails details = is_told ? read_release_details(payload.at(where)) : ReleaseDetails{};
  if (details.commit.empty()) details.commit = details_at(payload, "/deployment/sha", "").commit;
  return details;
}

Parsed read_deployment(const json& payload, Event event) {
  event.release = release_of(payload);
  event.subject = text_at(payload, "/deployment/environment");
  // So that a rule can tell production from staging.
  if (!event.subject.empty()) event.labels["environment"] = event.subject;
  if (!is_valid_release_name(event.release)) return Malformed{"deployment: names no valid release"};
  event.details = details_of(payload);
  if (event.labels["kind"] == "deployment") {
    if (text_at(payload, "/action") != "created") return Ignored{"deployment not created"};
    event.kind = EventKind::deploy_requested;
    return Accepted{{event}};
  }
  const std::string state = text_at(payload, "/deployment_status/state");
  if (state.empty()) return Malformed{"deployment_status.state: missing"};
  const auto status = kind_of_status(state);
  if (!status) return Ignored{"deployment_status " + state};
  event.kind = *status;
  return Accepted{{event}};
}

Parsed read_release(const json& payload, Event event) {
  if (text_at(payload, "/action") != "published") return Ignored{"release not published"};
  const json::json_pointer prerelease("/release/prerelease");
  const bool is_pre = payload.contains(prerelease) && payload.at(prerelease) == true;
  event.labels["prerelease"] = is_pre ? "true" : "false";
  event.kind = EventKind::deploy_requested;
  event.release = text_at(payload, "/release/tag_name");
  event.subject = event.release;
  if (!is_valid_release_name(event.release)) {
    return Malformed{"release.tag_name: not a release's name"};
  }
  // It is the commit's date, and published_at that of the release.
  event.details = details_at(payload, "", "/release/created_at");
  return Accepted{{event}};
}

std::optional<EventKind> kind_of_run(const json& payload) {
  const std::string action = text_at(payload, "/action");
  if (action == "in_progress") return EventKind::deploy_started;
  if (action != "completed") return std::nullopt;
  const std::string conclusion = text_at(payload, "/workflow_run/conclusion");
  if (conclusion == "success") return EventKind::deploy_succeeded;
  if (conclusion == "failure" || conclusion == "timed_out" || conclusion == "startup_failure") {
    return EventKind::deploy_failed;
  }
  return std::nullopt;
}

bool is_named(const json& payload, const std::vector<std::string>& workflows) {
  const std::string path = text_at(payload, "/workflow/path");
  const std::string file = path.substr(path.rfind('/') + 1);
  const std::string name = text_at(payload, "/workflow/name");
  return std::any_of(workflows.begin(), workflows.end(), [&](const std::string& workflow) {
    return workflow == file || workflow == name;
  });
}

Parsed read_run(const json& payload, const std::vector<std::string>& workflows, Event event) {
  if (!is_named(payload, workflows)) return Ignored{"a workflow that is not in workflows"};
  // A fork's pull request can bring a workflow of any name.
  const std::string repository = text_at(payload, "/repository/full_name");
  if (repository.empty() ||
      repository != text_at(payload, "/workflow_run/head_repository/full_name")) {
    return Ignored{"a run of another repository's code"};
  }
  const auto kind = kind_of_run(payload);
  if (!kind) return Ignored{"a run of no consequence"};
  event.kind = *kind;
  // A run has one id however often it is tried, and however far it is.
  const json::json_pointer attempt("/workflow_run/run_attempt");
  if (payload.contains(attempt) && payload.at(attempt).is_number_integer()) {
    event.dedupe_key += " " + payload.at(attempt).dump();
  }
  event.dedupe_key += " " + text_at(payload, "/action");
  event.subject = text_at(payload, "/workflow/name");
  event.labels["workflow"] = event.subject;
  event.labels["branch"] = text_at(payload, "/workflow_run/head_branch");
  event.release = text_at(payload, "/workflow_run/head_sha");
  if (!is_valid_release_name(event.release)) {
    return Malformed{"workflow_run.head_sha: not a release's name"};
  }
  event.details =
      details_at(payload, "/workflow_run/head_sha", "/workflow_run/head_commit/timestamp");
  return Accepted{{event}};
}

}  // namespace

std::optional<AuthFailure> Github::authenticate(const Delivery& delivery) const {
  return check_github(delivery, secrets_);
}

Parsed Github::parse(const Delivery& delivery, const std::string& source) const {
  const std::string kind(delivery.header("x-github-event").value_or(""));
  if (kind.empty()) return Malformed{"X-GitHub-Event: missing"};
  json payload = parse_json(delivery.body, is_address);
  if (!payload.is_object()) return Malformed{"not a JSON object"};
  const bool is_deployment = kind == "deployment" || kind == "deployment_status";
  if (!is_deployment && kind != "release" && kind != "workflow_run") {
    return Ignored{"kind " + kind};
  }
  const auto id = delivery.header("x-github-delivery");
  if (!id) return Malformed{"X-GitHub-Delivery: missing"};
  Event event;
  event.source = source;
  event.dedupe_key = dedupe_key(payload, kind, std::string(*id));
  event.actor = text_at(payload, "/sender/login");
  event.labels["kind"] = kind;
  if (is_deployment) {
    unfold_payload(payload);
    return read_deployment(payload, std::move(event));
  }
  if (kind == "release") return read_release(payload, std::move(event));
  return read_run(payload, workflows_, std::move(event));
}

}  // namespace backstay::intake
