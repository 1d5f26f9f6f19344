#include "receiver/channels/outbox_sender.h"

#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "tests/manual_clock.h"
#include "tests/temporary_folder.h"

namespace backstay {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Takes messages while the test lets it.
struct ScriptedChannel final : Channel {
  explicit ScriptedChannel(std::string name_in) : name_text(std::move(name_in)) {}
  [[nodiscard]] std::string name() const override { return name_text; }
  Result<void> send(const Message& message) override {
    sent.push_back(message);
    if (on_send) on_send();
    if (!problem.empty()) return fail(problem);
    return {};
  }
  std::string name_text;
  std::string problem;
  std::function<void()> on_send;
  std::vector<Message> sent;
};

struct OutboxSenderTest : ::testing::Test {
  OutboxSenderTest() {
    auto opened = journal::Database::open(folder.path("journal.db"));
    if (opened) database = std::move(*opened);
    auto log_channel = std::make_unique<ScriptedChannel>("log");
    auto slack_channel = std::make_unique<ScriptedChannel>("slack");
    log = log_channel.get();
    slack = slack_channel.get();
    std::vector<std::unique_ptr<Channel>> channels;
    channels.push_back(std::move(log_channel));
    channels.push_back(std::move(slack_channel));
    sender = std::make_unique<OutboxSender>(std::move(channels), "shop", *database, clock);
  }
  void tell(const std::string& title, const std::vector<std::string>& channels) {
    const auto written = database->write([&](journal::Transaction& tx) {
      journal::OutboxRow row;
      row.created_at = clock.now();
      row.run_id = 4;
      row.severity = "critical";
      row.title = title;
      row.text = "a person is needed";
      std::vector<journal::Audience> audiences;
      for (const std::string& channel : channels) audiences.push_back({channel, {}, seconds(0)});
      append_message(tx, row, audiences);
    });
    ASSERT_TRUE(written) << written.error().message;
  }
  void send_all() {
    while (sender->send_one()) {
    }
  }
  // How often the log is told that the journal cannot be written.
  int complaints_of_ten_tries() {
    ::testing::internal::CaptureStderr();
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(sender->send_one());
    const std::string logged = ::testing::internal::GetCapturedStderr();
    int count = 0;
    for (std::size_t at = logged.find("cannot write"); at != std::string::npos;
         at = logged.find("cannot write", at + 1)) {
      ++count;
    }
    return count;
  }
  std::string column(const std::string& name) {
    std::string text;
    EXPECT_TRUE(database->read([&](journal::Transaction& tx) {
      auto select = tx.prepare("SELECT " + name + " FROM outbox");
      if (select.next()) text = select.text(0);
    }));
    return text;
  }

  void set_column(const std::string& name, const std::string& value) {
    EXPECT_TRUE(database->write([&](journal::Transaction& tx) {
      tx.prepare("UPDATE outbox SET " + name + " = " + value).run();
    }));
  }

  test::TemporaryFolder folder;
  test::ManualClock clock;
  std::unique_ptr<journal::Database> database;
  ScriptedChannel* log = nullptr;
  ScriptedChannel* slack = nullptr;
  std::unique_ptr<OutboxSender> sender;
};

TEST_F(OutboxSenderTest, EachChannelGetsTheWholeMessageOnce) {
  tell("shop: rollback failed", {"log", "slack"});
  send_all();
  for (const ScriptedChannel* channel : {log, slack}) {
    ASSERT_EQ(channel->sent.size(), 1u);
    EXPECT_EQ(channel->sent[0].title, "shop: rollback failed");
    EXPECT_EQ(channel->sent[0].text, "a person is needed");
    EXPECT_EQ(channel->sent[0].severity, "critical");
    EXPECT_EQ(channel->sent[0].fields,
              (std::vector<std::pair<std::string, std::string>>{{"run", "4"}}));
  }
  EXPECT_FALSE(sender->send_one()) << "nothing is left";
}

TEST_F(OutboxSenderTest, ASummarySaysForHowManyItStands) {
  const auto written = database->write([&](journal::Transaction& tx) {
    journal::OutboxRow row;
    row.created_at = clock.now();
    row.group_key = "refused";
    for (int i = 0; i < 4; ++i) append_message(tx, row, {{"slack", {}, minutes(1)}});
  });
  ASSERT_TRUE(written);
  send_all();
  clock.advance(minutes(1));
  send_all();
  ASSERT_EQ(slack->sent.size(), 2u);
  EXPECT_EQ(slack->sent[0].times, 1);
  EXPECT_EQ(slack->sent[1].times, 3);
}

TEST_F(OutboxSenderTest, AFailedOneIsTriedAgainLaterAndLater) {
  slack->problem = "Slack answers 503";
  tell("a", {"slack"});
  std::vector<milliseconds> waits;
  WallTime last = clock.now();
  while (waits.size() < 12) {
    if (!sender->send_one()) {
      clock.advance(seconds(1));
      continue;
    }
    if (slack->sent.size() > 1) waits.push_back(clock.now() - last);
    last = clock.now();
  }
  const std::vector<milliseconds> wanted = {seconds(1),   seconds(2),  seconds(4),  seconds(8),
                                            seconds(16),  seconds(32), seconds(64), seconds(128),
                                            seconds(256), minutes(5),  minutes(5),  minutes(5)};
  EXPECT_EQ(waits, wanted);
}

// A row of a damaged file, or of another hand's.
TEST_F(OutboxSenderTest, ACountOfAttemptsThatCannotBeDelaysNothingAndHurriesNothing) {
  slack->problem = "connection refused";
  for (const char* count : {"-2", "4294967294", "9223372036854775806"}) {
    slack->sent.clear();
    tell("a", {"slack"});
    set_column("attempts", count);
    EXPECT_TRUE(sender->send_one()) << count;
    EXPECT_FALSE(sender->send_one()) << count << ": tried again at once";
    clock.advance(journal::kLongestRetry);
    EXPECT_TRUE(sender->send_one()) << count;
    EXPECT_EQ(slack->sent.size(), 2u) << count;
    set_column("sent_at", "1");
  }
}

TEST_F(OutboxSenderTest, EachAttemptCarriesTheSameKeyAndEachMessageItsOwn) {
  slack->problem = "connection refused";
  tell("a", {"slack"});
  send_all();
  clock.advance(minutes(1));
  slack->problem = "";
  tell("b", {"slack"});
  send_all();
  ASSERT_EQ(slack->sent.size(), 3u);
  std::map<std::string, std::set<std::string>> keys;
  for (const Message& message : slack->sent) keys[message.title].insert(message.idempotency_key);
  EXPECT_EQ(keys["a"].size(), 1u);
  EXPECT_EQ(keys["b"].size(), 1u);
  EXPECT_NE(keys["a"], keys["b"]);
}

// A relay that honours the key drops what it has already: both of these were the first message of
// their journal.
TEST_F(OutboxSenderTest, NoOtherServiceAndNoJournalBegunAnewHasTheSameKey) {
  const auto key = [this](const std::string& service) {
    const test::TemporaryFolder another;
    auto journal = journal::Database::open(another.path("journal.db"));
    EXPECT_TRUE(journal);
    database = std::move(*journal);
    auto channel = std::make_unique<ScriptedChannel>("slack");
    const ScriptedChannel* told = channel.get();
    std::vector<std::unique_ptr<Channel>> channels;
    channels.push_back(std::move(channel));
    sender = std::make_unique<OutboxSender>(std::move(channels), service, *database, clock);
    tell("a", {"slack"});
    EXPECT_TRUE(sender->send_one());
    return told->sent.at(0).idempotency_key;
  };
  const std::string at = std::to_string(to_unix_ms(clock.now()));
  EXPECT_EQ(key("shop"), "backstay-1." + at + ".shop");
  EXPECT_EQ(key("another one>\r\nX: \xc3\xa9"), "backstay-1." + at + ".another-one---X----");
  EXPECT_EQ(key(std::string(200, 's')), "backstay-1." + at + "." + std::string(64, 's'));
  clock.advance(milliseconds(1));
  EXPECT_EQ(key("shop"), "backstay-1." + std::to_string(to_unix_ms(clock.now())) + ".shop")
      << "begun anew";
}

TEST_F(OutboxSenderTest, AfterADayItIsGivenUpAndTheReasonKept) {
  slack->problem = "Slack answers 404 no_service";
  tell("a", {"slack"});
  for (WallTime end = clock.now() + hours(25); clock.now() < end; clock.advance(minutes(1))) {
    send_all();
  }
  EXPECT_NE(column("given_up_at"), "");
  EXPECT_EQ(column("last_error"), "Slack answers 404 no_service");
  const std::size_t attempts = slack->sent.size();
  EXPECT_GT(attempts, 200u) << "each five minutes until then";
  clock.advance(hours(24));
  send_all();
  EXPECT_EQ(slack->sent.size(), attempts);
}

// A summary is as old as its window, and what was written while the receiver was down as that.
TEST_F(OutboxSenderTest, TheDayBeginsWithTheFirstAttemptHoweverOldTheMessageIs) {
  slack->problem = "connection refused";
  tell("a", {"slack"});
  clock.advance(hours(25));
  for (WallTime end = clock.now() + hours(23); clock.now() < end; clock.advance(minutes(1))) {
    send_all();
  }
  EXPECT_EQ(column("given_up_at"), "");
  slack->problem = "";
  clock.advance(minutes(5));
  send_all();
  EXPECT_NE(column("sent_at"), "");
}

TEST_F(OutboxSenderTest, ADayInWhichNobodyTriedIsNoDayOfTrying) {
  slack->problem = "connection refused";
  tell("a", {"slack"});
  send_all();
  clock.advance(hours(25));  // the receiver was down, or the clock jumped
  for (std::size_t attempts = 2; attempts <= 20; ++attempts, clock.advance(minutes(5))) {
    EXPECT_EQ(column("given_up_at"), "") << attempts;
    send_all();
    EXPECT_EQ(slack->sent.size(), attempts);
  }
  EXPECT_NE(column("given_up_at"), "");
}

TEST_F(OutboxSenderTest, AChannelThatIsDownHoldsNoOtherUp) {
  slack->problem = "no answer within 5s";
  tell("a", {"slack", "log"});
  tell("b", {"slack", "log"});
  send_all();
  EXPECT_EQ(log->sent.size(), 2u);
}

// A mail server that answers nothing for its whole timeout must not keep Slack from being told.
TEST_F(OutboxSenderTest, AChannelThatHangsHoldsNoOtherUp) {
  std::latch is_told{1};
  slack->on_send = [&]() { is_told.wait(); };
  log->on_send = [&]() { is_told.count_down(); };
  tell("a", {"slack"});
  tell("b", {"log"});
  std::jthread thread([&](const std::stop_token& stop) { sender->run(stop); });
  is_told.wait();  // with one thread for both this never ends
  thread.request_stop();
  thread.join();
  EXPECT_EQ(log->sent.size(), 1u);
}

TEST_F(OutboxSenderTest, AChannelThatIsNoLongerConfiguredIsSaidSo) {
  tell("a", {"pigeon"});
  send_all();
  EXPECT_EQ(column("last_error"), "no channel pigeon is configured any more");
}

TEST_F(OutboxSenderTest, AfterARestartWhatWasNotSentIsSentWithTheKeyThatItHad) {
  tell("a", {"log"});
  log->problem = "killed before it was written down";
  EXPECT_TRUE(sender->send_one());
  clock.advance(seconds(2));
  std::vector<std::unique_ptr<Channel>> channels;
  channels.push_back(std::make_unique<ScriptedChannel>("log"));
  const auto* next = static_cast<ScriptedChannel*>(channels.front().get());
  OutboxSender another(std::move(channels), "shop", *database, clock);
  EXPECT_TRUE(another.send_one());
  ASSERT_EQ(next->sent.size(), 1u);
  EXPECT_EQ(next->sent[0].idempotency_key, log->sent.at(0).idempotency_key);
}

// Otherwise a full disk would send one message four times a second.
TEST_F(OutboxSenderTest, WhatCannotBeWrittenDownIsNotSentAgain) {
  tell("a", {"slack"});
  bool is_full = true;
  database->on_commit([&]() {
    if (is_full) throw std::runtime_error("database or disk is full");
  });
  const std::string when = std::to_string(to_unix_ms(clock.now()));
  EXPECT_EQ(complaints_of_ten_tries(), 1);
  EXPECT_EQ(slack->sent.size(), 1u);
  is_full = false;
  clock.advance(seconds(1));
  send_all();
  EXPECT_EQ(slack->sent.size(), 1u);
  EXPECT_EQ(column("sent_at"), when) << "not when it could be written down";
  tell("b", {"slack"});
  is_full = true;
  EXPECT_EQ(complaints_of_ten_tries(), 1) << "it was over, and is new";
}

TEST_F(OutboxSenderTest, AChannelThatThrowsEndsNoThread) {
  SystemClock system;
  std::latch thrice{3};
  std::atomic<int> attempts{0};
  auto throwing = std::make_unique<ScriptedChannel>("log");
  throwing->on_send = [&]() {
    if (++attempts <= 3) thrice.count_down();
    throw std::runtime_error("bad");
  };
  std::vector<std::unique_ptr<Channel>> channels;
  channels.push_back(std::move(throwing));
  OutboxSender another(std::move(channels), "shop", *database, system);
  tell("a", {"log"});
  std::jthread thread([&](const std::stop_token& stop) { another.run(stop); });
  thrice.wait();
}

}  // namespace
}  // namespace backstay
