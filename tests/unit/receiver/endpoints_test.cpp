#include "receiver/endpoints.h"

#include <gtest/gtest.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "tests/unit/receiver/worker_fixture.h"

namespace backstay {
namespace {

using intake::Request;
using intake::Response;

struct EndpointsTest : test::WorkerFixture {
  EndpointsTest() {
    registry = std::make_shared<prometheus::Registry>();
    prometheus::BuildGauge()
        .Name("backstay_test")
        .Help("A test's.")
        .Register(*registry)
        .Add({})
        .Set(7);
    endpoints = std::make_unique<Endpoints>(
        [](const Request& request) {
          Response response;
          response.status = 202;
          response.body = request.path;
          return response;
        },
        std::vector<std::shared_ptr<prometheus::Collectable>>{registry}, *database, *worker, clock);
  }
  Response get(const std::string& path, const std::string& method = "GET") {
    Request request;
    request.method = method;
    request.path = path;
    return endpoints->handle(request);
  }
  std::shared_ptr<prometheus::Registry> registry;
  std::unique_ptr<Endpoints> endpoints;
};

TEST_F(EndpointsTest, MetricsAreInPrometheusTextFormat) {
  const Response response = get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(response.body.find("\nbackstay_test 7\n"), std::string::npos) << response.body;
}

TEST_F(EndpointsTest, WebhooksAreHandedOnWhateverTheirMethod) {
  EXPECT_EQ(get("/webhooks/ci", "POST").body, "/webhooks/ci");
  EXPECT_EQ(get("/webhooks/ci", "GET").status, 202);
}

TEST_F(EndpointsTest, HealthyWhileItAnswers) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/healthy", "HEAD").status, 200);
}

TEST_F(EndpointsTest, ReadyWhileTheWorkerGoesRound) {
  worker->work_once({});
  EXPECT_EQ(get("/-/ready").status, 200);
  clock.advance(std::chrono::seconds(31));
  const Response late = get("/-/ready");
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.body, "not ready: the worker has not come round since 2026-11-23T09:00:00.000Z\n");
  worker->work_once({});
  EXPECT_EQ(get("/-/ready").status, 200);
}

TEST_F(EndpointsTest, NotReadyWhileTheWorkerCannotReadItsNextEvent) {
  worker->work_once({});
  append(alert("a"));
  change([](journal::Transaction& tx) { tx.prepare("DROP TABLE undecided").run(); });
  clock.advance(std::chrono::seconds(31));
  worker->work_once({});
  EXPECT_EQ(get("/-/ready").status, 503);
}

TEST_F(EndpointsTest, NotReadyWhileNoDecisionAtAllCanBeWritten) {
  worker->work_once({});
  change([](journal::Transaction& tx) {
    tx.prepare(
          "CREATE TRIGGER no_decision BEFORE INSERT ON decisions BEGIN "
          "SELECT RAISE(ABORT, 'no such thing'); END")
        .run();
  });
  append(alert("a"));
  Response meanwhile;
  clock.on_sleep = [&]() {
    meanwhile = get("/-/ready");
    change([](journal::Transaction& tx) { tx.prepare("DROP TRIGGER no_decision").run(); });
    clock.on_sleep = nullptr;
  };
  work();
  EXPECT_EQ(meanwhile.status, 503);
  EXPECT_EQ(meanwhile.body, "not ready: the worker cannot go on: no such thing\n");
  EXPECT_EQ(undecided(), 0);
  EXPECT_EQ(get("/-/ready").status, 200);
}

TEST_F(EndpointsTest, NotReadyWhileTheJournalCanBeReadAndNotWritten) {
  worker->work_once({});
  const auto pragma = [this](const char* sql) {
    ASSERT_TRUE(database->read([&](journal::Transaction& tx) { tx.prepare(sql).run(); }));
  };
  pragma("PRAGMA query_only=ON");
  EXPECT_FALSE(database->write(
      [this](journal::Transaction& tx) { append_event(tx, alert("a"), clock.now()); }));
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/-/ready").body,
            "not ready: the journal cannot be written: attempt to write a readonly database\n");
  pragma("PRAGMA query_only=OFF");
  append(alert("a"));
  EXPECT_EQ(get("/-/ready").status, 200);
}

TEST_F(EndpointsTest, ReadyInTheMiddleOfALongStep) {
  append(asks(EventKind::backup_requested, "", "cli"));
  backup->on_perform = [this](const StepContext&) {
    clock.advance(std::chrono::minutes(10));
    EXPECT_EQ(get("/-/ready").status, 200);
    return StepResult{Outcome::done, ""};
  };
  work();
  EXPECT_EQ(backup->performed, 1);
}

TEST_F(EndpointsTest, TheLandingPageLeadsOn) {
  const Response response = get("/");
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_NE(response.body.find("href=\"/metrics\""), std::string::npos);
}

TEST_F(EndpointsTest, NothingElseIsThereAndTheOperatorsDoorLeastOfAll) {
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_EQ(get("/control/status").status, 404);
  EXPECT_EQ(get("/control/status", "POST").status, 405);
  EXPECT_EQ(get("/metrics", "POST").status, 405);
}

struct ControlDoorTest : test::WorkerFixture {
  Response ask(const std::string& method, const std::string& path, const std::string& body) {
    Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    return handle_control(control, request);
  }
  const ReceiverConfig config{.service = "shop",
                              .state_dir = folder.path(),
                              .backups = {"", "", SecretSource::literal(Secret("x"))},
                              .prometheus_url = {},
                              .webhooks = {},
                              .policy = {},
                              .driver = {},
                              .verify = {},
                              .confirm = {},
                              .notify = {}};
  Control control{config, *database, driver, kill_switch, facts, clock, []() {}};
};

TEST_F(ControlDoorTest, AnOperationIsAPostWithAnObject) {
  const Response response = ask("POST", "/control/status", "{}");
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("\"service\":\"shop\""), std::string::npos) << response.body;
}

TEST_F(ControlDoorTest, AnythingElseIsRefused) {
  EXPECT_EQ(ask("GET", "/control/status", "{}").status, 404);
  EXPECT_EQ(ask("POST", "/webhooks/ci", "{}").status, 404);
  for (const char* body : {"", "[]", "5", "{", "\xff"}) {
    EXPECT_EQ(ask("POST", "/control/status", body).status, 400) << body;
  }
}

}  // namespace
}  // namespace backstay
