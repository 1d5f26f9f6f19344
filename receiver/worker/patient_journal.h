#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "base/complaints.h"
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
  [[nodiscard]] bool read(const Work& work);
  // Tries again until it is written (the work may be called several times): a full disk stops all
  // work, and as soon as there is room it goes on. False where a stop came before that.
  bool write(const std::stop_token& stop, const Work& work);
  // Returns after the time between two tries, or at a stop.
  void rest(const std::stop_token& stop);

 private:
  void complain(const char* what, const Error& error);

  journal::Database& journal_;
  Clock& clock_;
  Complaints complaints_;
};

}  // namespace backstay
