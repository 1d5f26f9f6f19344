#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "receiver/channels/channel.h"

namespace backstay {

// A text with named placeholders, written by the user: Mustache (https://mustache.github.io/
// mustache.5.html), {{title}} and {{#run}}…{{/run}}, without partials. The names are service,
// severity, title, text and time; run and times only where a message has them. The only includer of
// kainjow/mustache. Immutable.
class MessageTemplate {
 public:
  static constexpr std::size_t kBytesMax = 16'384;
  using Escape = std::function<std::string(const std::string&)>;

  // Fails for what is no template, and for a name that is none of those above, wherever it may
  // stand; the error begins with `place` and the line: "ops.txt:3: …".
  static Result<MessageTemplate> parse(std::string text, const std::string& place);
  static Result<MessageTemplate> load(const std::string& path);

  // Each value goes through `escape`, with two braces or three. The template's own text does not:
  // it is the user's, and may say what the channel understands.
  [[nodiscard]] Result<std::string> render(const Message& message, const std::string& service,
                                           const Escape& escape) const;

 private:
  explicit MessageTemplate(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Why a message is sent without its template, in our own words.
enum class TemplateFailure {
  failed,   // it could not be rendered
  empty,    // it came out empty
  refused,  // the other side does not take what came out
};

// How a channel words messages: its templates, where it has any.
struct Wording {
  std::string service;
  std::optional<MessageTemplate> title;
  std::optional<MessageTemplate> text;
  std::function<void(TemplateFailure)> on_failure = {};  // told of each; none: nobody asks

  void tell(TemplateFailure failure) const {
    if (on_failure) on_failure(failure);
  }

  // The message as it is to be sent, escaped. What cannot be rendered, or comes out empty, is
  // worded as if there were no template: no message is lost by one.
  [[nodiscard]] Message apply(const Message& message, const MessageTemplate::Escape& escape) const;
};

// For channels where any text may stand.
std::string unescaped(const std::string& text);

}  // namespace backstay
