#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "receiver/actions/action.h"
#include "receiver/journal/run_log.h"
#include "receiver/policy/facts.h"
#include "receiver/worker/patient_journal.h"
#include "receiver/worker/records.h"

namespace backstay {

// By the names of pipeline.h: backup, stage, switch, verify, confirm.
using ActionTable = std::map<std::string, std::unique_ptr<Action>, std::less<>>;

// Carries out a run, one step after another, each journalled before and after. What it has to do
// next is in the journal alone. One run at a time, by one thread; a step that runs beside the
// others has a thread of its own.
class Runner {
 public:
  // `patience`: with a check that does not know yet. What is passed by reference must outlive it.
  Runner(Telling telling, std::chrono::milliseconds patience, PatientJournal& journal,
         const ActionTable& actions, const KillSwitch& kill_switch, Clock& clock);

  // Returns when the run has its end in the journal, or at a stop, or where the journal cannot be
  // read: then it is taken up again by the next call.
  void carry_out(const journal::Run& run, const Event& event, const std::stop_token& stop);

 private:
  struct InFlight;  // a run with all that its steps need

  bool load_steps(const InFlight& flight, std::vector<journal::Step>& steps);
  std::jthread start_alongside(const InFlight& flight, const std::string& name);
  void perform(const InFlight& flight, const std::string& name);
  void take_back(const InFlight& flight, const journal::Step& step);
  void find_out(const InFlight& flight, const journal::Step& step);
  void settle_cut_off_steps(const InFlight& flight);
  void record(const InFlight& flight, const journal::Step& step, WallTime at,
              const PatientJournal::Work& how);
  bool write(const InFlight& flight, const PatientJournal::Work& work);
  void finish(const InFlight& flight, const std::string& outcome, const std::string& detail);
  void end_as_unknown(const InFlight& flight, const std::string& detail);

  const Telling telling_;
  const std::chrono::milliseconds patience_;
  PatientJournal& journal_;
  const ActionTable& actions_;
  const KillSwitch& kill_switch_;
  Clock& clock_;
};

}  // namespace backstay
