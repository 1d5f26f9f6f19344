#include "receiver/worker/patient_journal.h"

#include <chrono>

#include "base/log.h"

namespace backstay {
namespace {

constexpr std::chrono::milliseconds kRetry{500};

}  // namespace

// What is wrong with a journal stays so for long, and is met at every turn.
void PatientJournal::complain(const char* what, const Error& error) {
  if (!complaints_.is_due(what + error.message, clock_.steady())) return;
  log::error(what, {{"error", error.message}});
}

bool PatientJournal::read(const Work& work) {
  const auto read = journal_.read(work);
  if (!read) complain("cannot read the journal", read.error());
  return bool(read);
}

bool PatientJournal::write(const std::stop_token& stop, const Work& work) {
  for (;;) {
    const auto written = journal_.write(work);
    if (written) {
      complaints_.over();
      return true;
    }
    complain("cannot write the journal; trying again", written.error());
    if (!clock_.sleep(kRetry, stop)) return false;
  }
}

void PatientJournal::rest(const std::stop_token& stop) { clock_.sleep(kRetry, stop); }

}  // namespace backstay
