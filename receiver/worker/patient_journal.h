#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/complaints.h"
#include "base/mutex.h"
#include "receiver/journal/database.h"

namespace backstay {

// The journal as work needs it: what is wrong with it is said in the log, as often as Complaints
// finds right, and nothing is done that could not be recorded. Thread-safe.
class PatientJournal {
 public:
  using Work = std::function<void(journal::Transaction&)>;

  // The journal and the clock must outlive it.
  PatientJournal(journal::Database& journal, Clock& clock) : journal_(journal), clock_(clock) {}

  // False where it cannot be read now.
  [[nodiscard]] bool read(const Work& work) EXCLUDES(mutex_);
  // Tries again while it cannot be written now (the work may be called several times): a full disk
  // stops all work, and as soon as there is room it goes on. `not_now`: a stop came before that.
  // `never` is the caller's to bear: others must not wait for what cannot be.
  [[nodiscard]] journal::Written write(const std::stop_token& stop, const Work& work)
      EXCLUDES(mutex_);
  // For what has to be written before anything else can be done: tries again whatever is wrong.
  // Returns when it is on disk, or at a stop.
  void insist(const std::stop_token& stop, const Work& work) EXCLUDES(mutex_);
  // Why insist() tries in vain, where the journal itself is well; else empty.
  [[nodiscard]] std::string problem() const EXCLUDES(mutex_);
  // Returns after the time between two tries, or at a stop.
  void rest(const std::stop_token& stop);

 private:
  void complain(const char* what, const std::string& error);
  void set_problem(const std::string& problem) EXCLUDES(mutex_);

  journal::Database& journal_;
  Clock& clock_;
  Complaints complaints_;
  mutable Mutex mutex_;
  std::string problem_ GUARDED_BY(mutex_);
};

}  // namespace backstay
