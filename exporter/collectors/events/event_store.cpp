#include "exporter/collectors/events/event_store.h"

#include <filesystem>

#include "base/durable_file.h"

namespace backstay::collectors {

namespace fs = std::filesystem;

// One that cannot be made shows when something is saved.
FolderEventStore::FolderEventStore(std::string folder) : folder_(std::move(folder)) {
  std::error_code error;
  if (!fs::create_directories(folder_, error)) return;
  fs::permissions(folder_, fs::perms::owner_all, error);
}

std::string FolderEventStore::path_of(const std::string& name) const {
  return folder_ + "/" + name + ".json";
}

Result<std::optional<std::string>> FolderEventStore::load(const std::string& name) {
  return read_file_if_there(path_of(name));
}

Result<void> FolderEventStore::save(const std::string& name, const std::string& text) {
  return write_durably(path_of(name), text);
}

Result<std::string> FolderEventStore::set_aside(const std::string& name, const std::string& why) {
  const std::string from = path_of(name);
  std::string to = from + "." + why;
  std::error_code error;
  for (int number = 1; fs::exists(to, error); ++number) {
    to = from + "." + why + "." + std::to_string(number);
  }
  fs::rename(from, to, error);
  if (error) return fail(from + ": " + error.message());
  return to;
}

}  // namespace backstay::collectors
