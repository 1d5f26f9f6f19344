#include "exporter/sources/drain_auth.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <strings.h>

#include "exporter/web/query.h"

namespace backstay::sources {
namespace {

std::optional<std::string_view> header_of(const web::Request& request, const std::string& name) {
  const auto header = request.headers.find(name);
  if (header == request.headers.end()) return std::nullopt;
  return header->second;
}

// "Bearer x" is "x".
std::optional<std::string_view> authorization(const web::Request& request,
                                              std::string_view scheme) {
  auto value = header_of(request, "authorization");
  if (!value || value->size() <= scheme.size() || (*value)[scheme.size()] != ' ' ||
      ::strncasecmp(value->data(), scheme.data(), scheme.size()) != 0) {
    return std::nullopt;
  }
  value->remove_prefix(value->find_first_not_of(' ', scheme.size()) == std::string_view::npos
                           ? value->size()
                           : value->find_first_not_of(' ', scheme.size()));
  return value;
}

std::string base64_of(const std::string& text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');  // it writes a NUL behind it
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

Admission admission_if(bool is_right) {
  return is_right ? Admission::accepted : Admission::refused;
}

Result<Admission> admit_token(const DrainToken& token, const web::Request& request) {
  const auto secret = token.secret.read();
  if (!secret) return fail(secret.error());
  bool is_right = false;
  const auto try_one = [&](std::string_view candidate) {
    is_right = secret->equals(candidate) || is_right;
  };
  if (const auto bearer = authorization(request, "Bearer")) try_one(*bearer);
  if (!token.header.empty()) {
    if (const auto value = header_of(request, token.header)) try_one(*value);
  }
  if (const auto query = web::parse_query(request.query)) {
    for (const auto& [name, value] : *query) {
      if (name == "token") try_one(value);
    }
  }
  return admission_if(is_right);
}

Result<Admission> admit_basic(const DrainBasic& basic, const web::Request& request) {
  const auto password = basic.password.read();
  if (!password) return fail(password.error());
  const Secret pair(basic.user + ":" + password->reveal());
  const Secret expected(base64_of(pair.reveal()));
  const auto sent = authorization(request, "Basic");
  return admission_if(sent && expected.equals(*sent));
}

}  // namespace

Result<Admission> admit(const DrainCredentials& credentials, const web::Request& request) {
  if (const auto* token = std::get_if<DrainToken>(&credentials))
    return admit_token(*token, request);
  if (const auto* basic = std::get_if<DrainBasic>(&credentials))
    return admit_basic(*basic, request);
  const auto& signature = std::get<DrainSignature>(credentials);
  return admission_if(header_of(request, signature.header).has_value());
}

struct BodySignature::Hmac {
  Hmac(DrainSignature::Algorithm algorithm, const Secret& secret) {
    const bool is_sha1 = algorithm == DrainSignature::Algorithm::hmac_sha1;
    key.reset(EVP_PKEY_new_raw_private_key(
        EVP_PKEY_HMAC, nullptr, reinterpret_cast<const unsigned char*>(secret.reveal().data()),
        secret.reveal().size()));
    if (!key || !context ||
        EVP_DigestSignInit(context.get(), nullptr, is_sha1 ? EVP_sha1() : EVP_sha256(), nullptr,
                           key.get()) != 1) {
      throw std::runtime_error("an HMAC could not be begun");
    }
  }
  std::string hexadecimal() const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = digest.size();
    if (EVP_DigestSignFinal(context.get(), digest.data(), &size) != 1) {
      throw std::runtime_error("an HMAC could not be ended");
    }
    std::string digits;
    for (std::size_t i = 0; i < size; ++i) {
      digits += "0123456789abcdef"[digest[i] >> 4];
      digits += "0123456789abcdef"[digest[i] & 15];
    }
    return digits;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free};
};

BodySignature::BodySignature(std::unique_ptr<Hmac> hmac, std::string claimed)
    : hmac_(std::move(hmac)), claimed_(std::move(claimed)) {}
BodySignature::~BodySignature() = default;

Result<std::unique_ptr<BodySignature>> BodySignature::of(const DrainCredentials& credentials,
                                                         const web::Request& request) {
  const auto* signature = std::get_if<DrainSignature>(&credentials);
  if (signature == nullptr) return nullptr;
  const auto secret = signature->secret.read();
  if (!secret) return fail(secret.error());
  std::string claimed(header_of(request, signature->header).value_or(""));
  claimed.erase(0, claimed.find('=') + 1);  // all of "sha256=", or nothing
  std::transform(claimed.begin(), claimed.end(), claimed.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  auto hmac = std::make_unique<Hmac>(signature->algorithm, *secret);
  return std::unique_ptr<BodySignature>(new BodySignature(std::move(hmac), std::move(claimed)));
}

void BodySignature::add(std::string_view bytes) {
  if (EVP_DigestSignUpdate(hmac_->context.get(), bytes.data(), bytes.size()) != 1) {
    throw std::runtime_error("an HMAC could not go on");
  }
}

bool BodySignature::matches() { return Secret(hmac_->hexadecimal()).equals(claimed_); }

}  // namespace backstay::sources
