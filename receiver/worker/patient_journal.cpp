#include "receiver/worker/patient_journal.h"

#include <chrono>

#include "base/log.h"

namespace backstay {
namespace {

using journal::Written;

constexpr std::chrono::milliseconds kRetry{500};

}  // namespace

// What is wrong with a journal stays so for long, and is met at every turn.
void PatientJournal::complain(const char* what, const std::string& error) {
  if (!complaints_.is_due(what + error, clock_.steady())) return;
  log::error(what, {{"error", "journal: " + error}});
}

bool PatientJournal::read(const Work& work) {
  const auto read = journal_.read(work);
  if (!read && complaints_.is_due(read.error().message, clock_.steady())) {
    log::error("cannot read the journal", {{"error", read.error().message}});
  }
  return bool(read);
}

Written PatientJournal::write(const std::stop_token& stop, const Work& work) {
  for (;;) {
    Written written = journal_.try_to_write(work);
    if (written) complaints_.over();
    if (written.end == Written::End::never) {
      log::error("what was to be written is not taken by the journal", {{"error", written.why}});
    }
    if (written.end != Written::End::not_now) return written;
    complain("cannot write the journal; trying again", written.why);
    if (!clock_.sleep(kRetry, stop)) return written;
  }
}

void PatientJournal::insist(const std::stop_token& stop, const Work& work) {
  for (;;) {
    const Written written = journal_.try_to_write(work);
    set_problem(written.end == Written::End::never ? written.why : "");
    if (written) return;
    complain("cannot go on before this is in the journal; trying again", written.why);
    if (!clock_.sleep(kRetry, stop)) return;
  }
}

std::string PatientJournal::problem() const {
  const MutexLock lock(mutex_);
  return problem_;
}

void PatientJournal::set_problem(const std::string& problem) {
  const MutexLock lock(mutex_);
  problem_ = problem;
}

void PatientJournal::rest(const std::stop_token& stop) { clock_.sleep(kRetry, stop); }

}  // namespace backstay
