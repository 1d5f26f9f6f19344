#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "receiver/intake/provider.h"

// What the tests of the providers share: a delivery, and what became of it.
namespace backstay::intake::test {

// The one event of a delivery; none where it was not accepted, or holds several.
inline std::optional<Event> event(const Parsed& parsed) {
  const auto* accepted = std::get_if<Accepted>(&parsed);
  if (accepted == nullptr || accepted->events.size() != 1) return std::nullopt;
  return accepted->events.front();
}

inline std::string malformed(const Parsed& parsed) {
  const auto* wrong = std::get_if<Malformed>(&parsed);
  return wrong == nullptr ? "not malformed" : wrong->reason;
}

inline bool ignored(const Parsed& parsed) { return std::holds_alternative<Ignored>(parsed); }

inline std::vector<SecretSource> secrets(std::initializer_list<const char*> values) {
  std::vector<SecretSource> sources;
  for (const char* value : values) sources.push_back(SecretSource::literal(Secret(value)));
  return sources;
}

// How a delivery with this one header is judged.
template <class Provider>
std::optional<AuthFailure> authenticate(const Provider& provider, const std::string& header,
                                        const std::string& value, const std::string& body) {
  return provider.authenticate({{{header, value}}, body, WallTime()});
}

}  // namespace backstay::intake::test
