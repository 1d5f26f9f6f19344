#include "receiver/channels/slack.h"

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace backstay {
namespace {

using nlohmann::json;

const char* colour_of(const std::string& severity) {
  if (severity == "critical") return "#a30200";
  if (severity == "error") return "#d9480f";
  if (severity == "warning") return "#daa038";
  return "#2eb886";
}

// Of a message whose title and text are escaped.
json body_of(const Message& message) {
  json fields = json::array();
  for (const auto& [title, value] : message.fields) {
    if (message.is_whole) break;
    fields.push_back(
        {{"title", escape_for_slack(title)}, {"value", escape_for_slack(value)}, {"short", true}});
  }
  // `text` is what notifications and old clients show; the attachment carries the colour.
  return {{"text", message.title},
          {"attachments", json::array({{{"color", colour_of(message.severity)},
                                        {"text", message.text},
                                        {"fallback", message.title},
                                        {"fields", fields}}})}};
}

// Slack says why in a word (no_service, invalid_token). Anything else may be an error page that
// quotes the path, which is the credential.
std::string reason_in(const std::string& body) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";
  const bool is_word =
      !body.empty() && body.size() <= 40 && body.find_first_not_of(kLetters) == std::string::npos;
  return is_word ? " " + body : "";
}

}  // namespace

std::string escape_for_slack(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

Result<void> SlackChannel::send(const Message& message) {
  auto url = url_.read();
  if (!url) return fail(url.error());
  HttpRequest request;
  request.method = "POST";
  request.secret_url = *url;
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Idempotency-Key", message.idempotency_key);
  const auto post = [&](const Message& worded) {
    request.body = body_of(worded).dump(-1, ' ', false, json::error_handler_t::replace);
    return http_.send(request);
  };
  const bool is_ours = !wording_.title && !wording_.text;
  auto answer = post(wording_.apply(message, escape_for_slack));
  if (answer && answer->status == 400 && !is_ours) {
    log::warn("Slack does not take a message with its template", {{"answer", answer->status}});
    wording_.tell(TemplateFailure::refused);
    answer = post(Wording{}.apply(message, escape_for_slack));
  }
  if (!answer) return fail(answer.error());
  if (answer->status / 100 != 2) {
    return fail("Slack answers " + std::to_string(answer->status) + reason_in(answer->body));
  }
  return {};
}

}  // namespace backstay
