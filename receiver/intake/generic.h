#pragma once

#include "receiver/intake/provider.h"

namespace backstay::intake {

// Any sender of JSON: the configuration says how it proves itself and where the fields are. A field
// is text or a whole number. What the sender calls its events is mapped to ours; a word that is not
// in the map is ignored. The id with that word tells one delivery from another.
class Generic final : public Provider {
 public:
  Generic(std::vector<SecretSource> secrets, GenericConfig config)
      : secrets_(std::move(secrets)), config_(std::move(config)) {}
  [[nodiscard]] std::optional<AuthFailure> authenticate(const Delivery& delivery) const override;
  [[nodiscard]] Parsed parse(const Delivery& delivery, const std::string& source) const override;

  // Nothing, or what is wrong with a JSON pointer.
  static std::optional<std::string> fault_of_pointer(const std::string& pointer);

 private:
  std::vector<SecretSource> secrets_;
  GenericConfig config_;
};

}  // namespace backstay::intake
