#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/require.h"

#ifdef BACKSTAY_FUZZ_EXPORTER
#include "exporter/config.h"
#else
#include "receiver/config.h"
#endif

// The text of a configuration file: it becomes a configuration, or an error that names the place.
//
// What a configuration names is opened while it is read: files of secrets, templates, catalogs. The
// linker hands open() to __wrap_open() below (--wrap=open), which knows the files of a folder that
// is not on any disk, and no other: no input reaches a file, a device or a pipe of this machine.
namespace backstay::fuzz {
namespace {

constexpr std::string_view kFolder = "/backstay-fuzz/";
constexpr const char* kPath = "/backstay-fuzz/main.yml";

// The files of that folder.
struct File {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<File, 5> kFiles{{
    {"secret", "a secret of the fuzzer's\n"},
    {"before", "the one before it"},
    {"empty", ""},
    {"words", "{{severity}} in {{service}}: {{title}}{{#run}} (run {{run}}){{/run}}\n"},
    {"catalog.yml",
     "queries:\n  - name: jobs_waiting\n    help: Jobs that wait.\n    sql: SELECT count(*) FROM "
     "jobs\n"},
}};
std::string_view main_text;  // what main.yml holds now

std::string_view text_of(std::string_view path, bool& is_there) {
  is_there = path.substr(0, kFolder.size()) == kFolder;
  if (!is_there) return {};
  path.remove_prefix(kFolder.size());
  if (path == "main.yml") return main_text;
  for (const File& file : kFiles) {
    if (file.name == path) return file.text;
  }
  is_there = false;
  return {};
}

// Every line begins with the file, and those of the main file name a line of it.
void check_error(const std::string& message) {
  const std::string place = std::string(kPath) + ":";
  require(message.substr(0, place.size()) == place);
  require(message.size() > place.size() + 1);
  require(message[place.size()] >= '0' && message[place.size()] <= '9');
}

}  // namespace
}  // namespace backstay::fuzz

extern "C" {

int __wrap_open(const char* path, int flags, ...) {  // NOLINT: the linker names it
  using namespace backstay::fuzz;
  require((flags & O_ACCMODE) == O_RDONLY);
  bool is_there = false;
  const std::string_view text = text_of(path, is_there);
  if (!is_there) {
    errno = ENOENT;
    return -1;
  }
  const int file = ::memfd_create("fuzzed", MFD_CLOEXEC);
  require(file >= 0);
  require(::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return file;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace backstay::fuzz;
  main_text = std::string_view(reinterpret_cast<const char*>(data), size);
#ifdef BACKSTAY_FUZZ_EXPORTER
  const auto config = backstay::load_exporter_config(kPath);
#else
  const auto config = backstay::load_receiver_config(kPath);
  require(!config || !config->service.empty());
#endif
  if (!config) check_error(config.error().message);
  return 0;
}

}  // extern "C"
