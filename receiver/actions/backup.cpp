#include "receiver/actions/backup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/pg.h"
#include "base/pg_address.h"
#include "base/timestamp.h"

namespace backstay {
namespace {

namespace fs = std::filesystem;
constexpr const char* kPartial = ".partial-";

// What attempts before this one left behind. None of them runs any more: AfterLeftovers ends what
// is left of one before it is checked, and one that was not checked is not repeated.
void remove_partial(const std::string& dir, const std::string& id) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator at(dir, ignored), end; !ignored && at != end; at.increment(ignored)) {
    if (at->path().filename().string().rfind(id + kPartial, 0) == 0)
      leftovers.push_back(at->path());
  }
  for (const fs::path& leftover : leftovers) fs::remove_all(leftover, ignored);
}

// The first of its errors is why: with --jobs the last one may only tell that a worker ended.
std::string first_error(const std::string& said) {
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(": error: ") != std::string::npos) return line;
  }
  return said;
}

std::string size_text(const std::vector<ManifestFile>& files) {
  std::uint64_t bytes = 0;
  for (const ManifestFile& file : files) bytes += file.bytes;
  return std::to_string(bytes) + " bytes in " + std::to_string(files.size()) + " files";
}

}  // namespace

std::string backup_id(const journal::Run& run) {
  std::string time = format_rfc3339(run.started_at).substr(0, 19) + "Z";
  time.erase(std::remove_if(time.begin(), time.end(), [](char c) { return c == '-' || c == ':'; }),
             time.end());
  return time + "-run" + std::to_string(run.id);
}

struct Backup::Limits {
  Attempt attempt;
  SteadyTime deadline;
  bool has_unended = false;  // a program that could not be ended
};

Result<void> Backup::run(std::vector<std::string> argv, const Secret& url,
                         const std::string& out_path, Limits& limits) {
  auto environment = pg::environment(url);
  if (!environment) return fail(environment.error());
  Command command;
  command.argv = std::move(argv);
  command.argv.front() = (fs::path(config_.bin_dir) / command.argv.front()).string();
  command.argv.push_back("--file=" + out_path);
  command.secret_environment = std::move(*environment);
  command.environment = limits.attempt.environment();
  command.environment.emplace_back("PGAPPNAME", "backstay");
  command.deadline =
      std::chrono::duration_cast<std::chrono::milliseconds>(limits.deadline - clock_.steady());
  command.stop = limits.attempt.stop;
  CommandResult result = processes_.run(command);
  result.err = first_error(result.err);
  limits.has_unended = result.how == CommandResult::How::unended;
  if (!result.ok()) return fail(command.argv.front() + ": " + result.describe());
  return {};
}

Result<void> Backup::dump(const std::string& folder, Limits& limits) {
  auto url = config_.database_url.read();
  if (!url) return fail(url.error());
  // A lock that is not given within a minute belongs to a migration: better no backup than a wedge.
  auto dumped = run({"pg_dump", "--format=directory", "--jobs=2", "--compress=1", "--no-password",
                     "--lock-wait-timeout=60s"},
                    *url, folder + "/database", limits);
  if (!dumped) return dumped;
  return run({"pg_dumpall", "--globals-only", "--no-role-passwords", "--no-password"}, *url,
             folder + "/globals.sql", limits);
}

StepResult Backup::perform(const StepContext& context) {
  const std::string id = backup_id(context.run);
  const std::string target = config_.dir + "/" + id;
  const std::string partial = target + kPartial + std::to_string(context.token);
  std::error_code error;
  fs::create_directories(config_.dir, error);
  remove_partial(config_.dir, id);
  if (!fs::create_directory(partial, error)) {
    return {Outcome::failed, "cannot create " + partial + ": " + error.message()};
  }
  fs::permissions(partial, fs::perms::owner_all, error);
  Limits limits{context.attempt(), clock_.steady() + config_.timeout};
  const auto give_up = [&](const std::string& why) {
    // It may still write there, and a disk that does not answer would hold us too.
    if (limits.has_unended) return StepResult{Outcome::unknown, why};
    fs::remove_all(partial, error);
    return StepResult{context.stop.stop_requested() ? Outcome::unknown : Outcome::failed, why};
  };
  if (auto dumped = dump(partial, limits); !dumped) return give_up(dumped.error().message);
  auto files = hash_files(partial, {clock_, limits.deadline, context.stop});
  if (!files) return give_up(files.error().message);
  const Manifest manifest{id, clock_.now(), context.run.release_from, *files};
  if (auto written = write_manifest(partial, manifest); !written) {
    return give_up(written.error().message);
  }
  fs::rename(partial, target, error);
  if (error) return give_up("cannot rename to " + target + ": " + error.message());
  if (auto synced = sync_to_disk(config_.dir); !synced) {
    return {Outcome::failed, synced.error().message};
  }
  return {Outcome::done, id + ", " + size_text(*files)};
}

CheckResult Backup::check(const StepContext& context) {
  const std::string id = backup_id(context.run);
  const std::string folder = config_.dir + "/" + id;
  std::error_code error;
  if (!fs::exists(folder, error)) {
    if (error) return {Finding::unknown, "cannot look at " + folder + ": " + error.message()};
    remove_partial(config_.dir, id);
    return {Finding::not_done, "there is no backup " + id};
  }
  const auto checked =
      check_backup(folder, {clock_, clock_.steady() + config_.timeout, context.stop});
  if (!checked) return {Finding::unknown, checked.error().message};
  return {Finding::done, "backup " + id + " is complete, its checksums match"};
}

std::vector<BackupEntry> list_backups(const std::string& dir) {
  std::vector<BackupEntry> entries;
  std::error_code error;
  for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().find(kPartial) != std::string::npos) continue;
    const auto manifest = read_manifest(at->path().string());
    if (!manifest) continue;
    BackupEntry entry{manifest->id, manifest->created_at, manifest->release, 0};
    for (const ManifestFile& file : manifest->files) entry.bytes += file.bytes;
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const BackupEntry& a, const BackupEntry& b) { return a.id > b.id; });
  return entries;
}

Result<void> check_backup(const std::string& folder, const ReadingLimit& limit) {
  const auto manifest = read_manifest(folder);
  if (!manifest) return fail(manifest.error());
  const auto files = hash_files(folder, limit);
  if (!files) return fail(files.error());
  for (const ManifestFile& expected : manifest->files) {
    const auto found = std::find_if(files->begin(), files->end(), [&](const ManifestFile& file) {
      return file.path == expected.path && file.sha256 == expected.sha256;
    });
    if (found == files->end())
      return fail(expected.path + " in " + folder + " is not as backed up");
  }
  return {};
}

}  // namespace backstay
