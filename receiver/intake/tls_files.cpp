#include "receiver/intake/tls_files.h"

#include <utility>

#include "base/log.h"

namespace backstay::intake {
namespace {

Result<TlsMaterial> read(const SecretSource& certificates, const SecretSource& key,
                         const SecretSource* client_authorities) {
  TlsMaterial material;
  auto read_certificates = certificates.read();
  if (!read_certificates) return fail(read_certificates.error());
  material.certificates = std::move(*read_certificates);
  auto read_key = key.read();
  if (!read_key) return fail(read_key.error());
  material.key = std::move(*read_key);
  if (client_authorities == nullptr) return material;
  auto read_authorities = client_authorities->read();
  if (!read_authorities) return fail(read_authorities.error());
  material.client_authorities = std::move(*read_authorities);
  return material;
}

bool is_same(const TlsMaterial& one, const TlsMaterial& other) {
  return one.certificates.equals(other.certificates.reveal()) &&
         one.key.equals(other.key.reveal()) &&
         one.client_authorities.equals(other.client_authorities.reveal());
}

}  // namespace

Result<std::shared_ptr<TlsFiles>> TlsFiles::load(std::shared_ptr<WebConfigFile> web_config) {
  std::shared_ptr<TlsFiles> files(new TlsFiles(std::move(web_config)));
  const MutexLock lock(files->mutex_);
  if (auto looked = files->look(); !looked) return fail(looked.error());
  return files;
}

Result<void> TlsFiles::look() {
  const auto config = web_config_->current();
  // What is wrong with that file is told by itself, and it never loses its TLS.
  if (!config || !(*config)->tls) return {};
  const TlsServerConfig& tls = *(*config)->tls;
  const bool is_new = config_ != *config;
  if (is_new) {
    sources_ = Sources{SecretSource::file(tls.cert_file), SecretSource::file(tls.key_file),
                       SecretSource::file(tls.client_ca_file)};
  }
  auto material = read(sources_->certificates, sources_->key,
                       tls.verifies_clients() ? &sources_->client_authorities : nullptr);
  config_ = *config;
  if (!material) {
    tried_ = TlsMaterial();
    return fail(material.error());
  }
  if (is_new || !is_same(*material, tried_)) {
    const auto made = TlsContext::make(tls, *material);
    tried_ = std::move(*material);
    why_not_ = made ? "" : made.error().message;
    if (made) good_ = *made;
  }
  if (!why_not_.empty()) return fail(why_not_);
  return {};
}

std::shared_ptr<const TlsContext> TlsFiles::current() {
  const MutexLock lock(mutex_);
  const auto looked = look();
  tell(looked ? "" : looked.error().message);
  return good_;
}

bool TlsFiles::is_good() const {
  const MutexLock lock(mutex_);
  return told_problem_.empty();
}

void TlsFiles::tell(const std::string& problem) {
  if (problem == told_problem_) return;
  if (problem.empty()) {
    log::info("the certificates can be used again", {});
  } else {
    log::error("the certificates cannot be used: those before them stay in force",
               {{"error", problem}});
  }
  told_problem_ = problem;
}

}  // namespace backstay::intake
