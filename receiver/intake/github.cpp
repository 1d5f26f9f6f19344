#include "receiver/intake/github.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "receiver/intake/json_fields.h"
#include "receiver/intake/json_view.h"
#include "receiver/intake/signatures.h"
#include "receiver/json_text.h"

namespace backstay::intake {
namespace {

using nlohmann::json;

// What whoever made the deployment put into it; nothing where that is no object. It may have been
// given as a text (`gh api … -f payload='{…}'`), and GitHub hands that on as it is. The object in
// it is what was meant: a rollback_safe in it must be heard.
json told_with(const JsonView& payload) {
  json told = payload.copy("/deployment/payload");
  if (told.is_string()) told = parse_json(told.get_ref<const std::string&>());
  if (!told.is_object()) told = json::object();
  return told;
}

// Whoever names a release in the payload does not mean the ref, even where the name is no good.
std::string release_of(const JsonView& payload, const json& told) {
  if (told.contains("release")) return text_at(told, "/release");
  const std::string ref = payload.text("/deployment/ref");
  return is_valid_release_name(ref) ? ref : payload.text("/deployment/sha");
}

// The delivery's id is in a header, which the signature does not cover: who has caught a delivery
// could send it again under another. What the body itself is about is signed.
std::string dedupe_key(const JsonView& payload, const std::string& kind,
                       const std::string& delivery) {
  const std::string id = payload.integer("/" + kind + "/id");
  return id.empty() ? delivery : kind + " " + id;
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
ReleaseDetails details_of_deployment(const JsonView& payload, const json& told) {
  ReleaseDetails details = read_release_details(told);
  if (details.commit.empty())
    details.commit = details_of(payload.text("/deployment/sha"), "").commit;
  return details;
}

Parsed read_deployment(const JsonView& payload, Event event) {
  const json told = told_with(payload);
  event.release = release_of(payload, told);
  event.subject = payload.text("/deployment/environment");
  // So that a rule can tell production from staging.
  if (!event.subject.empty()) event.labels["environment"] = event.subject;
  if (!is_valid_release_name(event.release)) return Malformed{"deployment: names no valid release"};
  event.details = details_of_deployment(payload, told);
  if (event.labels["kind"] == "deployment") {
    if (payload.text("/action") != "created") return Ignored{"deployment not created"};
    event.kind = EventKind::deploy_requested;
    return Accepted{{event}};
  }
  const std::string state = payload.text("/deployment_status/state");
  if (state.empty()) return Malformed{"deployment_status.state: missing"};
  const auto status = kind_of_status(state);
  if (!status) return Ignored{"deployment_status " + state};
  event.kind = *status;
  return Accepted{{event}};
}

Parsed read_release(const JsonView& payload, Event event) {
  if (payload.text("/action") != "published") return Ignored{"release not published"};
  event.labels["prerelease"] = payload.is_true("/release/prerelease") ? "true" : "false";
  event.kind = EventKind::deploy_requested;
  event.release = payload.text("/release/tag_name");
  event.subject = event.release;
  if (!is_valid_release_name(event.release)) {
    return Malformed{"release.tag_name: not a release's name"};
  }
  // It is the commit's date, and published_at that of the release.
  event.details = details_of("", payload.text("/release/created_at"));
  return Accepted{{event}};
}

std::optional<EventKind> kind_of_run(const JsonView& payload) {
  const std::string action = payload.text("/action");
  if (action == "in_progress") return EventKind::deploy_started;
  if (action != "completed") return std::nullopt;
  const std::string conclusion = payload.text("/workflow_run/conclusion");
  if (conclusion == "success") return EventKind::deploy_succeeded;
  if (conclusion == "failure" || conclusion == "timed_out" || conclusion == "startup_failure") {
    return EventKind::deploy_failed;
  }
  return std::nullopt;
}

bool is_named(const JsonView& payload, const std::vector<std::string>& workflows) {
  const std::string path = payload.text("/workflow/path");
  const std::string file = path.substr(path.rfind('/') + 1);
  const std::string name = payload.text("/workflow/name");
  return std::any_of(workflows.begin(), workflows.end(), [&](const std::string& workflow) {
    return workflow == file || workflow == name;
  });
}

Parsed read_run(const JsonView& payload, const std::vector<std::string>& workflows, Event event) {
  if (!is_named(payload, workflows)) return Ignored{"a workflow that is not in workflows"};
  // A fork's pull request can bring a workflow of any name.
  const std::string repository = payload.text("/repository/full_name");
  if (repository.empty() || repository != payload.text("/workflow_run/head_repository/full_name")) {
    return Ignored{"a run of another repository's code"};
  }
  const auto kind = kind_of_run(payload);
  if (!kind) return Ignored{"a run of no consequence"};
  event.kind = *kind;
  // A run has one id however often it is tried, and however far it is.
  const std::string attempt = payload.integer("/workflow_run/run_attempt");
  if (!attempt.empty()) event.dedupe_key += " " + attempt;
  event.dedupe_key += " " + payload.text("/action");
  event.subject = payload.text("/workflow/name");
  event.labels["workflow"] = event.subject;
  event.labels["branch"] = payload.text("/workflow_run/head_branch");
  event.release = payload.text("/workflow_run/head_sha");
  if (!is_valid_release_name(event.release)) {
    return Malformed{"workflow_run.head_sha: not a release's name"};
  }
  event.details = details_of(payload.text("/workflow_run/head_sha"),
                             payload.text("/workflow_run/head_commit/timestamp"));
  return Accepted{{event}};
}

}  // namespace

std::optional<AuthFailure> Github::authenticate(const Delivery& delivery) const {
  return check_github(delivery, secrets_);
}

Parsed Github::parse(const Delivery& delivery, const std::string& source) const {
  const std::string kind(delivery.header("x-github-event").value_or(""));
  if (kind.empty()) return Malformed{"X-GitHub-Event: missing"};
  const JsonView payload(delivery.body);
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
  event.actor = payload.text("/sender/login");
  event.labels["kind"] = kind;
  if (is_deployment) return read_deployment(payload, std::move(event));
  if (kind == "release") return read_release(payload, std::move(event));
  return read_run(payload, workflows_, std::move(event));
}

}  // namespace backstay::intake
