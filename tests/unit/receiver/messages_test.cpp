#include "receiver/worker/messages.h"

#include <gtest/gtest.h>

namespace backstay {
namespace {

Event alert() {
  Event event;
  event.kind = EventKind::alert_firing;
  return event;
}

Event request() {
  Event event;
  event.kind = EventKind::deploy_requested;
  return event;
}

Decision decision(Verdict verdict, Reason reason, const std::string& rule = "bad-release") {
  Decision made;
  made.verdict = verdict;
  made.reason = reason;
  made.explanation = "because";
  made.rule = rule;
  made.action = ActionKind::rollback;
  return made;
}

journal::Run rollback() {
  journal::Run run;
  run.action = "rollback";
  run.release_from = "2";
  run.release_to = "1";
  return run;
}

journal::Step step(const std::string& name, const std::string& outcome) {
  journal::Step made;
  made.name = name;
  made.outcome = outcome;
  made.detail = "detail";
  return made;
}

// "severity | title | text", or nothing.
std::string told(const std::optional<Notice>& notice) {
  if (!notice) return "";
  return notice->severity + " | " + notice->title + " | " + notice->text;
}

TEST(Messages, AnActionThatBeginsIsTold) {
  EXPECT_EQ(told(message_for_decision("shop", alert(), decision(Verdict::act, Reason::asked))),
            "warning | shop: rollback begins | because");
  EXPECT_EQ(told(message_for_decision("shop", request(), decision(Verdict::act, Reason::asked))),
            "info | shop: rollback begins | because");
}

// What may be told by its number: only what says the same again.
TEST(Messages, RefusalsOfOneRuleForOneReasonAreAGroup) {
  const auto group = [](const Event& event, Verdict verdict, Reason reason, const char* rule) {
    const auto notice = message_for_decision("shop", event, decision(verdict, reason, rule));
    return notice ? notice->group : "nothing";
  };
  const std::string refused = group(alert(), Verdict::refuse, Reason::cooldown, "a");
  EXPECT_NE(refused, "");
  EXPECT_EQ(group(alert(), Verdict::refuse, Reason::cooldown, "a"), refused);
  EXPECT_NE(group(alert(), Verdict::refuse, Reason::no_data, "a"), refused);
  EXPECT_NE(group(alert(), Verdict::refuse, Reason::cooldown, "b"), refused);
  EXPECT_NE(group(request(), Verdict::refuse, Reason::cooldown, "a"), refused) << "less loud";
  EXPECT_NE(group(alert(), Verdict::observe, Reason::asked, "a"), "");
  EXPECT_EQ(group(alert(), Verdict::act, Reason::asked, "a"), "");
}

TEST(Messages, WhatIsOnlyObservedIsTold) {
  EXPECT_EQ(
      told(message_for_decision("shop", alert(), decision(Verdict::observe, Reason::mode_observe))),
      "info | shop: observed, not acted on | because");
}

TEST(Messages, ARefusalThatLeavesABadReleaseWakesSomeone) {
  for (const Reason reason :
       {Reason::disarmed, Reason::live_unknown, Reason::nothing_live, Reason::alert_unknown,
        Reason::no_data, Reason::cooldown, Reason::hourly_limit, Reason::no_good_release,
        Reason::not_kept, Reason::not_rollback_safe, Reason::condition_unknown}) {
    EXPECT_EQ(told(message_for_decision("shop", alert(), decision(Verdict::refuse, reason))),
              "critical | shop: rollback refused | because")
        << to_string(reason);
  }
}

TEST(Messages, WhoeverWaitedTooLongIsTold) {
  EXPECT_EQ(told(message_for_decision("shop", request(),
                                      decision(Verdict::refuse, Reason::outside_window))),
            "warning | shop: rollback refused | because");
}

TEST(Messages, ARefusalThatChangesNothingIsNoNews) {
  for (const Reason reason :
       {Reason::already_rolled_back, Reason::live_is_a_rollback, Reason::alert_not_firing,
        Reason::older_than_release, Reason::outside_window, Reason::already_live,
        Reason::condition_not_met}) {
    EXPECT_EQ(told(message_for_decision("shop", alert(), decision(Verdict::refuse, reason))), "")
        << to_string(reason);
  }
  EXPECT_EQ(
      told(message_for_decision("shop", alert(), decision(Verdict::refuse, Reason::no_rule, ""))),
      "");
  EXPECT_EQ(told(message_for_decision("shop", alert(), decision(Verdict::note, Reason::ours))), "");
}

TEST(Messages, AFailedBackupBesideARollbackIsAnErrorThatDoesNotAlarm) {
  EXPECT_EQ(told(message_for_step("shop", rollback(), step("backup", "failed"))),
            "error | shop: the backup beside a rollback failed | detail. The rollback goes on: it "
            "changes no data.");
  EXPECT_EQ(told(message_for_step("shop", rollback(), step("backup", "done"))), "");
}

TEST(Messages, TheReleaseThatIsBackIsTold) {
  EXPECT_EQ(told(message_for_step("shop", rollback(), step("verify", "done"))),
            "info | shop: release 1 is back and verified | detail");
  EXPECT_EQ(told(message_for_step("shop", rollback(), step("verify", "failed"))), "");
  EXPECT_EQ(told(message_for_step("shop", rollback(), step("switch", "done"))), "");
}

TEST(Messages, TheEndOfARunIsToldByWhatItDid) {
  EXPECT_EQ(told(message_for_end("shop", rollback(), "done", "")),
            "info | shop: rollback from release 2 to 1 done | ");
  EXPECT_EQ(told(message_for_end("shop", rollback(), "failed", "verify: 503")),
            "critical | shop: rollback from release 2 to 1 failed, a person is needed | verify: "
            "503. backstay audit tells what happened; nothing more is tried by itself.");
  EXPECT_EQ(told(message_for_end("shop", rollback(), "unknown", "switch: no answer")),
            "critical | shop: rollback from release 2 to 1 unknown, a person is needed | switch: "
            "no answer. backstay audit tells what happened; nothing more is tried by itself.");
}

TEST(Messages, AFailedDeployDoesNotSayThatNothingFollows) {
  journal::Run run = rollback();
  run.action = "deploy";
  run.release_to = "3";
  EXPECT_EQ(told(message_for_end("shop", run, "failed", "verify: 503")),
            "error | shop: deploy of release 3 failed | verify: 503. backstay audit tells what "
            "happened.");
  run.action = "backup";
  EXPECT_EQ(told(message_for_end("shop", run, "done", "")), "info | shop: backup done | ");
}

}  // namespace
}  // namespace backstay
