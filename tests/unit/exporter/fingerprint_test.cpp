#include "exporter/requests/fingerprint.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace backstay::requests {
namespace {

struct Logged {
  const char* error;  // the same name: must be one error; another: must be two
  std::string message;
  std::string stack;
};

std::uint64_t fingerprint(const Logged& logged) {
  formats::LogMessage message;
  message.level = "error";
  message.message = logged.message;
  message.stack = logged.stack;
  return Fingerprinter().of_message(message);
}

const std::vector<Logged>& table() {
  static const std::vector<Logged> all{
      // Messages alone.
      {"user not found", "user 42 not found", ""},
      {"user not found", "user 43 not found", ""},
      {"order not found", "order 43 not found", ""},
      {"relation", "pq: relation \"users\" does not exist", ""},
      {"relation", "pq: relation \"orders\" does not exist", ""},
      {"refused", "dial tcp 10.0.0.7:5432: connect: connection refused", ""},
      {"refused", "dial tcp 10.0.0.8:5432: connect: connection refused", ""},
      {"slow", "upstream took 1.5s for /api/users/42", ""},
      {"slow", "upstream took 120ms for /api/users/77", ""},
      {"mail", "mail to ada@example.com bounced at 2026-11-25T14:05:12Z", ""},
      {"mail", "mail to bob@example.org bounced at 2026-11-26T08:00:00Z", ""},

      // Python: other lines, another folder, another key, a recursion of another depth.
      {"python key", "failed",
       "Traceback (most recent call last):\n"
       "  File \"/srv/app/views.py\", line 12, in get_user\n    return load(id)\n"
       "  File \"/srv/app/models.py\", line 40, in load\n    return cache[id]\n"
       "KeyError: 'user-1'\n"},
      {"python key", "failed again",
       "Traceback (most recent call last):\n"
       "  File \"/usr/lib/python3.11/site-packages/flask/app.py\", line 880, in full_dispatch\n"
       "    rv = self.dispatch_request()\n"
       "  File \"/home/x/app/views.py\", line 14, in get_user\n    return load(id)\n"
       "  File \"/home/x/app/models.py\", line 44, in load\n    return cache[id]\n"
       "  File \"/home/x/app/models.py\", line 44, in load\n    return cache[id]\n"
       "KeyError: 'user-2'"},
      {"python value", "failed",
       "Traceback (most recent call last):\n"
       "  File \"/srv/app/views.py\", line 12, in get_user\n    return load(id)\n"
       "  File \"/srv/app/models.py\", line 40, in load\n    return cache[id]\n"
       "ValueError: 'user-1'\n"},
      {"python elsewhere", "failed",
       "Traceback (most recent call last):\n"
       "  File \"/srv/app/views.py\", line 80, in delete_user\n    return load(id)\n"
       "  File \"/srv/app/models.py\", line 40, in load\n    return cache[id]\n"
       "KeyError: 'user-1'\n"},
      // In the message, as many loggers write it.
      {"python unique",
       "Exception on /orders [POST]\nTraceback (most recent call last):\n"
       "  File \"/srv/app/orders.py\", line 7, in place\n    db.commit()\n"
       "psycopg2.errors.UniqueViolation: duplicate key\nDETAIL:  Key (id)=(7) already exists.",
       ""},
      {"python unique",
       "Exception on /orders [POST]\nTraceback (most recent call last):\n"
       "  File \"/srv/app/orders.py\", line 9, in place\n    db.commit()\n"
       "psycopg2.errors.UniqueViolation: duplicate key\nDETAIL:  Key (id)=(99) already exists.",
       ""},

      // Node: library frames, async, another value.
      {"node undefined", "boom",
       "TypeError: Cannot read properties of undefined (reading 'id')\n"
       "    at getUser (/app/src/users.js:12:17)\n    at async handle (/app/src/server.js:40:5)\n"
       "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"},
      {"node undefined", "boom",
       "TypeError: Cannot read properties of undefined (reading 'name')\n"
       "    at getUser (/srv/app/src/users.js:13:9)\n"
       "    at Layer.handle (/srv/app/node_modules/express/lib/router/layer.js:95:5)\n"
       "    at handle (/srv/app/src/server.js:41:5)"},
      {"node range", "boom",
       "RangeError: Invalid array length\n    at getUser (/app/src/users.js:12:17)\n"
       "    at async handle (/app/src/server.js:40:5)"},
      {"node elsewhere", "boom",
       "TypeError: Cannot read properties of undefined (reading 'id')\n"
       "    at getOrder (/app/src/orders.js:12:17)\n    at async handle (/app/src/server.js:40:5)"},
      // A bundle's name changes with each release.
      {"browser", "",
       "Error: no cart\nplaceOrder@https://example.com/assets/app-3f2a1b9c.js:1:2345\n"},
      {"browser", "",
       "Error: no cart\nplaceOrder@https://example.com/assets/app-77aa01ee.js:1:99\n"},

      // Java: what it was caused by counts, lambdas are numbered anew.
      {"java npe", "",
       "java.lang.NullPointerException: id 7\n"
       "\tat com.example.Orders.lambda$place$0(Orders.java:12)\n"
       "\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1511)\n"
       "\tat com.example.Web.handle(Web.java:40)\n"},
      {"java npe", "",
       "java.lang.NullPointerException: id 8\n"
       "\tat com.example.Orders.lambda$place$3(Orders.java:15)\n"
       "\tat org.springframework.web.Servlet.doGet(Servlet.java:7)\n"
       "\tat com.example.Web.handle(Web.java:44)\n"},
      {"java cause", "",
       "javax.servlet.ServletException: failed\n"
       "\tat com.example.Web.handle(Web.java:40)\n"
       "Caused by: java.lang.IllegalStateException: closed\n"
       "\tat com.example.Pool.take(Pool.java:9)\n\t... 23 more\n"},
      {"java cause", "",
       "javax.servlet.ServletException: failed\n"
       "\tat com.example.Web.handle(Web.java:41)\n"
       "Caused by: java.lang.IllegalStateException: closed\n"
       "\tat com.example.Pool.take(Pool.java:10)\n\t... 24 more\n"},
      {"java other cause", "",
       "javax.servlet.ServletException: failed\n"
       "\tat com.example.Web.handle(Web.java:40)\n"
       "Caused by: java.lang.IllegalStateException: closed\n"
       "\tat com.example.Cache.take(Cache.java:9)\n\t... 23 more\n"},

      // Go: a panic with addresses, and what a logger adds, where the message tells the error.
      {"go panic", "",
       "panic: runtime error: index out of range [5] with length 3\n\n"
       "goroutine 1 [running]:\nmain.(*Server).handle(0xc000012345, {0x1, 0x2})\n"
       "\t/app/main.go:12 +0x1d\nmain.main()\n\t/app/main.go:40 +0x2e\n"},
      {"go panic", "",
       "panic: runtime error: index out of range [9] with length 4\n\n"
       "goroutine 77 [running]:\nmain.(*Server).handle(0xc0000abcde, {0x7, 0x2})\n"
       "\t/app/main.go:14 +0x2d\nmain.main()\n\t/app/main.go:44 +0x3e\n"},
      {"go logged", "cannot save order 7",
       "main.save\n\t/app/orders.go:12\nmain.main\n\t/app/main.go:9"},
      {"go logged", "cannot save order 8",
       "main.save\n\t/app/orders.go:14\nmain.main\n\t/app/main.go:9"},
      {"go logged otherwise", "cannot load order 8",
       "main.save\n\t/app/orders.go:14\nmain.main\n\t/app/main.go:9"},

      // Ruby: backtraces of 3.3 and below, with gems between; the type is in the message.
      {"ruby", "NoMethodError: undefined method `x' for nil",
       "app/models/user.rb:12:in `find_user'\n"
       "/usr/lib/ruby/gems/3.1.0/gems/rack-2.2/lib/rack.rb:7:in `call'\n"
       "app/web.rb:3:in `block (2 levels) in show'"},
      {"ruby", "NoMethodError: undefined method `y' for nil",
       "app/models/user.rb:14:in `find_user'\napp/web.rb:5:in `block in show'"},
      {"ruby other", "ArgumentError: no id",
       "app/models/user.rb:14:in `find_user'\napp/web.rb:5:in `block in show'"},
      {"ruby run", "",
       "app.rb:3:in `run': it failed (RuntimeError)\n\tfrom app.rb:9:in `<main>'\n"},
      {"ruby run", "", "app.rb:4:in `run': it did (RuntimeError)\n\tfrom app.rb:10:in `<main>'\n"},

      // PHP.
      {"php", "",
       "PHP Fatal error:  Uncaught PDOException: gone in /app/src/Db.php:12\nStack trace:\n"
       "#0 /app/src/Db.php(20): PDO->query('SELECT 1')\n#1 /app/vendor/x/y.php(3): call()\n"
       "#2 {main}\n  thrown in /app/src/Db.php on line 12"},
      {"php", "",
       "PHP Fatal error:  Uncaught PDOException: gone in /app/src/Db.php:14\nStack trace:\n"
       "#0 /app/src/Db.php(22): PDO->query('SELECT 2')\n#1 {main}\n  thrown in /app/src/Db.php on "
       "line 14"},
      {"php other", "",
       "PHP Fatal error:  Uncaught PDOException: gone in /app/src/Db.php:14\nStack trace:\n"
       "#0 /app/src/Users.php(22): PDO->query('SELECT 2')\n#1 {main}\n"},

      // .NET: generated names, a cause inside of the first line.
      {"dotnet", "",
       "System.InvalidOperationException: Order 7 is closed\n"
       "   at Shop.Orders.<PlaceAsync>d__5.MoveNext() in /src/Orders.cs:line 12\n"
       "--- End of stack trace from previous location ---\n"
       "   at Microsoft.AspNetCore.Mvc.Invoke(Object x)\n"
       "   at Shop.Web.Handle(HttpContext context) in /src/Web.cs:line 40"},
      {"dotnet", "",
       "System.InvalidOperationException: Order 8 is closed\n"
       "   at Shop.Orders.<PlaceAsync>d__7.MoveNext() in C:\\b\\src\\Orders.cs:line 13\n"
       "   at Shop.Web.Handle(HttpContext context) in C:\\b\\src\\Web.cs:line 41"},
      {"dotnet cause", "",
       "System.InvalidOperationException: Order 8 is closed ---> "
       "System.IO.IOException: disk\n"
       "   at Shop.Orders.<PlaceAsync>d__7.MoveNext() in /src/Orders.cs:line 13\n"
       "   at Shop.Web.Handle(HttpContext context) in /src/Web.cs:line 41"},
  };
  return all;
}

TEST(Fingerprint, EqualErrorsShareOneAndOthersDoNot) {
  std::map<std::string, std::uint64_t> of_error;
  std::map<std::uint64_t, std::string> errors;
  for (const Logged& logged : table()) {
    const std::uint64_t found = fingerprint(logged);
    const auto known = of_error.emplace(logged.error, found);
    EXPECT_EQ(known.first->second, found) << logged.message << "\n" << logged.stack;
    const auto other = errors.emplace(found, logged.error);
    EXPECT_EQ(other.first->second, logged.error) << logged.message << "\n" << logged.stack;
  }
  EXPECT_GE(table().size(), 40U);
}

// One that has seen others before must say the same: it keeps stacks.
TEST(Fingerprint, IsTheSameWhateverCameBefore) {
  Fingerprinter used;
  for (int round = 0; round < 2; ++round) {
    for (const Logged& logged : table()) {
      formats::LogMessage message;
      message.message = logged.message;
      message.stack = logged.stack;
      EXPECT_EQ(used.of_message(message), fingerprint(logged)) << logged.error;
    }
  }
}

// Two that differ in what stands around the frames alone.
TEST(Fingerprint, OfTheSameFramesTheTypeAndTheCauseMatter) {
  const std::string frames =
      "\n   at Shop.Orders.Place(Int32 id) in /src/Orders.cs:line 13\n   at Shop.Web.Handle()";
  std::map<std::uint64_t, std::string> headers;
  Fingerprinter used;
  for (const std::string header :
       {"System.Exception: no", "System.IO.IOException: no", "System.Exception: no ---> A.B: no",
        "System.Exception: no ---> A.C: no", "it failed"}) {
    formats::LogMessage message;
    message.message = "failed";
    const std::string stack = header + frames;
    message.stack = stack;
    EXPECT_TRUE(headers.emplace(used.of_message(message), header).second) << header;
  }
}

// It is kept on disk: another one after an update would make all errors new.
TEST(Fingerprint, IsTheSameInEachRelease) {
  Fingerprinter fingerprints;
  EXPECT_EQ(to_hex(fingerprints.of_request("GET", "/api/users/:id", 502)), "42b0bd3820bfa000");
  EXPECT_EQ(to_hex(fingerprint({"", "user 42 not found", ""})), "4327fde7de0e6d42");
}

TEST(Fingerprint, ARequestsIsOfMethodRouteAndStatus) {
  Fingerprinter fingerprints;
  const std::uint64_t one = fingerprints.of_request("GET", "/a", 500);
  EXPECT_EQ(fingerprints.of_request("GET", "/a", 500), one);
  EXPECT_NE(fingerprints.of_request("PUT", "/a", 500), one);
  EXPECT_NE(fingerprints.of_request("GET", "/b", 500), one);
  EXPECT_NE(fingerprints.of_request("GET", "/a", 503), one);
}

TEST(Fingerprint, ATitleIsOneLineWithTheTypeAndTheFoldedMessage) {
  std::map<std::string, std::string> titles;
  for (const Logged& logged : table())
    titles.emplace(logged.error, title_of(logged.message, logged.stack));
  EXPECT_EQ(titles["user not found"], "user <number> not found");
  EXPECT_EQ(titles["python key"], "KeyError: <quoted>");
  EXPECT_EQ(titles["python unique"], "psycopg2.errors.UniqueViolation: duplicate key");
  EXPECT_EQ(titles["java npe"], "java.lang.NullPointerException: id <number>");
  EXPECT_EQ(titles["go logged"], "cannot save order <number>");
  EXPECT_EQ(titles["ruby run"], "RuntimeError: it failed");
  EXPECT_EQ(titles["dotnet cause"], "System.InvalidOperationException: Order <number> is closed");
}

}  // namespace
}  // namespace backstay::requests
