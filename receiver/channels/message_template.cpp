#include "receiver/channels/message_template.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include <kainjow/mustache.hpp>

#include "base/durable_file.h"
#include "base/log.h"
#include "base/timestamp.h"

namespace backstay {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

constexpr const char* kNames = "service, severity, title, text, time, run, times";

// What placeholders stand for, and which names were asked for in vain. The same inside a section.
class Fields final : public kainjow::mustache::basic_context<std::string> {
 public:
  // Empty: a section of this name is left out.
  void set(const std::string& name, const std::string& value) {
    values_.insert_or_assign(name, value.empty() ? data(false) : data(value));
  }
  void push(const data* /*section*/) override {}
  void pop() override {}
  const data* get(const std::string& name) const override {
    const auto found = values_.find(name);
    if (found != values_.end()) return &found->second;
    unknown_.push_back(name);
    return nullptr;
  }
  const data* get_partial(const std::string& name) const override {
    unknown_.push_back(name);
    return nullptr;
  }
  [[nodiscard]] const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  std::map<std::string, data> values_;
  mutable std::vector<std::string> unknown_;
};

std::string value_in(const Message& message, const std::string& field) {
  const auto found = std::find_if(message.fields.begin(), message.fields.end(),
                                  [&](const auto& one) { return one.first == field; });
  return found == message.fields.end() ? "" : found->second;
}

Fields fields_of(const Message& message, const std::string& service,
                 const MessageTemplate::Escape& escape) {
  Fields fields;
  fields.set("service", escape(service));
  fields.set("severity", escape(message.severity));
  fields.set("title", escape(message.title));
  fields.set("text", escape(message.text));
  fields.set("time", format_rfc3339(message.created_at));
  fields.set("run", escape(value_in(message, "run")));
  fields.set("times", message.times > 1 ? std::to_string(message.times) : "");
  return fields;
}

std::size_t line_at(const std::string& text, std::size_t position) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

// The first tag of this name.
std::size_t position_of(const std::string& text, const std::string& name) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t before = text.substr(0, at).find_last_not_of(" \t\n#^&>");
    if (before != std::string::npos && text[before] == '{') return at;
  }
  return std::min(text.find(name), text.size());
}

// The library says where in the text: "Unclosed tag at 34".
std::string with_line(const std::string& text, const std::string& place, std::string error) {
  std::size_t position = 0;
  const std::size_t at = error.rfind(" at ");
  if (at != std::string::npos) {
    for (std::size_t i = at + 4; i < error.size() && std::isdigit(error[i]) != 0; ++i) {
      position = position * 10 + static_cast<std::size_t>(error[i] - '0');
    }
    error.resize(at);
  }
  return place + ":" + std::to_string(line_at(text, position)) + ": " + error;
}

// The library throws where it should not, for a delimiter at the very end of a text.
Result<std::string> rendered(const std::string& text, Fields& fields) {
  try {
    mustache made(text);
    // Values are escaped already, or three braces would go round it.
    made.set_custom_escape([](const std::string& value) { return value; });
    std::string result = made.is_valid() ? made.render(fields) : "";
    if (!made.is_valid()) return fail(made.error_message());
    return result;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Nothing where there is no template, or where it fails.
std::optional<std::string> worded(const std::optional<MessageTemplate>& pattern,
                                  const Message& message, const std::string& service,
                                  const MessageTemplate::Escape& escape) {
  if (!pattern) return std::nullopt;
  auto text = pattern->render(message, service, escape);
  if (text && !is_blank(*text)) return std::move(*text);
  log::warn("a message is sent without its template",
            {{"why", text ? "it came out empty" : text.error().message}});
  return std::nullopt;
}

}  // namespace

Result<MessageTemplate> MessageTemplate::parse(std::string text, const std::string& place) {
  if (text.size() > kBytesMax) {
    return fail(place + ": more than " + std::to_string(kBytesMax) + " bytes");
  }
  if (is_blank(text)) return fail(place + ": it is empty");
  // Every message has the other fields, so that no placeholder escapes these four.
  for (const bool has_run : {true, false}) {
    for (const int times : {1, 2}) {
      Message message{"key", WallTime(), "info", "title", "text", {}};
      if (has_run) message.fields.emplace_back("run", "1");
      message.times = times;
      Fields fields = fields_of(message, "service", unescaped);
      const auto result = rendered(text, fields);
      if (!result) return fail(with_line(text, place, result.error().message));
      if (fields.unknown().empty()) continue;
      const std::string& name = fields.unknown().front();
      return fail(place + ":" + std::to_string(line_at(text, position_of(text, name))) +
                  ": unknown placeholder {{" + name + "}}, there are: " + kNames);
    }
  }
  return MessageTemplate(std::move(text));
}

Result<MessageTemplate> MessageTemplate::load(const std::string& path) {
  auto text = read_regular_file(path, kBytesMax);
  if (!text) return fail(text.error());
  // An editor's last newline is none of the message.
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return parse(std::move(*text), path);
}

Result<std::string> MessageTemplate::render(const Message& message, const std::string& service,
                                            const Escape& escape) const {
  Fields fields = fields_of(message, service, escape);
  return rendered(text_, fields);
}

Message Wording::apply(const Message& message, const MessageTemplate::Escape& escape) const {
  const auto own_title = worded(title, message, service, escape);
  const auto own_text = worded(text, message, service, escape);
  Message result = message;
  result.title = own_title ? *own_title : escape(message.title);
  result.text = own_text ? *own_text : escape(message.text);
  result.is_whole = own_text.has_value();
  return result;
}

std::string unescaped(const std::string& text) { return text; }

}  // namespace backstay
