#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace backstay {

// Why something that can be expected to fail did fail, in words for the person who reads the log.
// A message never holds a secret, a request body or a full URL.
struct Error {
  std::string message;

  // The same error seen from one level up: "reading receiver.yml: no such file".
  [[nodiscard]] Error in(const std::string& context) const { return {context + ": " + message}; }
};

// A value or the Error that stands in its place. Expected failures travel as values; only errors of
// programming and of libraries are thrown, and the adapters catch the latter.
// tl::expected is not [[nodiscard]], which is the reason for this class.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

// return fail("cannot open " + path);
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace backstay
