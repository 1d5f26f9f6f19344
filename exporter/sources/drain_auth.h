#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/secret.h"
#include "exporter/web/message.h"

namespace backstay::sources {

// As `Authorization: Bearer …`, as `?token=…`, or in a header: whatever the provider can set.
struct DrainToken {
  SecretSource secret;
  std::string header;  // in lower case; empty: none
};

struct DrainBasic {
  std::string user;
  SecretSource password;
};

// HMAC over the body as it was sent, in hexadecimal digits; "sha256=" before them is fine.
struct DrainSignature {
  enum class Algorithm { hmac_sha256, hmac_sha1 };
  std::string header;  // in lower case
  Algorithm algorithm = Algorithm::hmac_sha256;
  SecretSource secret;
};

using DrainCredentials = std::variant<DrainToken, DrainBasic, DrainSignature>;

// What the head of a request says of its sender. Compared in constant time; secrets are read anew
// each time, so that a rotated one needs no restart. Fails where ours cannot be read.
enum class Admission { accepted, refused };
Result<Admission> admit(const DrainCredentials& credentials, const web::Request& request);

// Checks a signature while the body comes in. For one thread.
class BodySignature {
 public:
  ~BodySignature();
  BodySignature(const BodySignature&) = delete;
  BodySignature& operator=(const BodySignature&) = delete;

  // Of a request that was admitted; nullptr where there is none to be checked.
  static Result<std::unique_ptr<BodySignature>> of(const DrainCredentials& credentials,
                                                   const web::Request& request);
  void add(std::string_view bytes);
  // At the end of the body, once.
  [[nodiscard]] bool matches();

 private:
  struct Hmac;
  BodySignature(std::unique_ptr<Hmac> hmac, std::string claimed);
  std::unique_ptr<Hmac> hmac_;
  std::string claimed_;
};

}  // namespace backstay::sources
