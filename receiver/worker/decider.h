#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "receiver/policy/facts.h"
#include "receiver/policy/policy.h"
#include "receiver/worker/patient_journal.h"
#include "receiver/worker/records.h"

namespace backstay {

// From an accepted event to its decision: gathers the facts and journals them, decides, and records
// the decision with all that follows from it. An event whose decision the journal does not take is
// refused as undecidable, and the next one is decided. Not thread-safe.
class Decider {
 public:
  // `patience`: with a driver or Prometheus that is silent. What is passed by reference must
  // outlive it.
  Decider(Telling telling, std::chrono::milliseconds patience, Policy policy,
          PatientJournal& journal, const FactGatherer& facts, Clock& clock);

  // The event, with those that are decided together with it; empty where none waits.
  std::vector<StoredEvent> next(journal::Transaction& tx) const;
  // Returns when each has its decision in the journal, or at a stop: then the rest is decided after
  // the next start.
  void decide_on(std::vector<StoredEvent> batch, const std::stop_token& stop);

 private:
  // Where facts are journalled: on disk before the decision, or in one transaction with it.
  enum class Keeping { before, together };

  void let_more_come(std::vector<StoredEvent>& batch, const std::stop_token& stop);
  bool was_answered(const StoredEvent& stored, WallTime& answered_at);
  Facts gather_facts(const StoredEvent& stored, const std::stop_token& stop);
  // False where a stop came first.
  bool decide_part(const std::vector<StoredEvent>& part, const Facts& facts, Keeping keeping,
                   const std::stop_token& stop);
  void refuse(const StoredEvent& stored, const std::string& why, const std::stop_token& stop);
  void decide_each(journal::Transaction& tx, const std::vector<StoredEvent>& part,
                   const Facts& facts);

  const Telling telling_;
  const std::chrono::milliseconds patience_;
  const Policy policy_;
  PatientJournal& journal_;
  const FactGatherer& facts_;
  Clock& clock_;
  std::optional<SteadyTime> shared_look_at_;  // the last one
  WallTime silent_until_;  // when the driver or Prometheus was last waited for in vain
};

}  // namespace backstay
