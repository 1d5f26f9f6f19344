#include "receiver/actions/manifest.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "receiver/json_text.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;
constexpr const char* kName = "manifest.json";

Result<void> may_go_on(const ReadingLimit& limit, const fs::path& path) {
  if (limit.stop.stop_requested()) return fail("stopped while reading " + path.string());
  if (limit.clock.steady() >= limit.deadline) {
    return fail("no end within its deadline: was reading " + path.string());
  }
  return {};
}

Result<std::string> sha256_of(const fs::path& path, const ReadingLimit& limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot read " + path.string());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 16);
  while (file) {
    if (auto allowed = may_go_on(limit, path); !allowed) return fail(allowed.error());
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return fail("cannot read " + path.string());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4U];
    hex += kDigits[digest[i] & 15U];
  }
  return hex;
}

}  // namespace

Result<void> sync_to_disk(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail("cannot open " + path);
  const int failed = ::fsync(descriptor);
  ::close(descriptor);
  if (failed != 0) return fail("cannot sync " + path);
  return {};
}

Result<std::vector<ManifestFile>> hash_files(const std::string& folder, const ReadingLimit& limit) {
  std::vector<ManifestFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path& path = at->path();
    std::error_code unknown;
    if (!at->is_regular_file(unknown) || path.filename() == kName) continue;
    auto hash = sha256_of(path, limit);
    if (!hash) return fail(hash.error());
    const std::uint64_t bytes = at->file_size(unknown);
    if (unknown) return fail("cannot read " + path.string() + ": " + unknown.message());
    files.push_back({path.lexically_relative(folder).string(), bytes, *hash});
  }
  if (error) return fail("cannot read " + folder + ": " + error.message());
  return files;
}

Result<void> write_manifest(const std::string& folder, const Manifest& manifest) {
  nlohmann::json files = nlohmann::json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    if (auto synced = sync_to_disk(folder + "/" + file.path); !synced) return synced;
  }
  const nlohmann::json json = {{"format", 1},
                               {"id", manifest.id},
                               {"created_at", format_rfc3339(manifest.created_at)},
                               {"service_release", manifest.release},
                               {"files", files}};
  const fs::path path = fs::path(folder) / kName;
  std::ofstream out(path, std::ios::trunc);
  out << json.dump(2) << '\n';
  out.close();
  if (!out) return fail("cannot write " + path.string());
  if (auto synced = sync_to_disk(path.string()); !synced) return synced;
  return sync_to_disk(folder);
}

Result<Manifest> read_manifest(const std::string& folder) {
  std::ifstream file(fs::path(folder) / kName);
  if (!file) return fail("no manifest in " + folder);
  try {
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto json = parse_json(text);
    if (json.at("format") != 1) return fail("the manifest in " + folder + " has another format");
    Manifest manifest;
    manifest.id = json.at("id");
    manifest.release = json.at("service_release");
    auto created = parse_rfc3339(json.at("created_at").get<std::string>());
    if (!created) return fail(created.error());
    manifest.created_at = *created;
    for (const auto& entry : json.at("files")) {
      manifest.files.push_back({entry.at("path"), entry.at("bytes"), entry.at("sha256")});
    }
    return manifest;
  } catch (const std::exception&) {  // of the stream, and of what is not in the text
    return fail("the manifest in " + folder + " is damaged");
  }
}

}  // namespace backstay
