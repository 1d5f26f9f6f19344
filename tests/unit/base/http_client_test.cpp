#include "base/http_client.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/temporary_folder.h"

namespace {

// Counted down when the resolver may give its answer for slow.invalid.
std::latch& resolver_may_answer() {
  static std::latch latch(1);
  return latch;
}

}  // namespace

// In place of the C library's, so that a test neither asks a name server nor depends on one.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  const std::string name = node == nullptr ? "" : node;
  if (name == "slow.invalid") resolver_may_answer().wait();
  if (name.ends_with(".invalid")) return EAI_NONAME;
  using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Resolve>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, found);
}

namespace backstay {
namespace {

// Answers one connection with whatever bytes a test likes, and keeps what it was sent.
class RawServer {
 public:
  using Answer = std::function<void(int connection)>;

  explicit RawServer(Answer answer, const std::string& unix_path = "")
      : listener_(::socket(unix_path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    unix_path.empty() ? bind_to_port() : bind_to_path(unix_path);
    ::listen(listener_, 5);
    thread_ = std::jthread([this, answer = std::move(answer)]() { serve(answer); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  // What came in, once the connection has ended.
  const std::string& request() {
    if (thread_.joinable()) thread_.join();
    return request_;
  }

 private:
  void bind_to_port() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  void bind_to_path(const std::string& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  void serve(const Answer& answer) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    read_request(connection);
    answer(connection);
    ::close(connection);
  }
  void read_request(int connection) {
    std::array<char, 4096> buffer{};
    std::size_t wanted = std::string::npos;
    while (request_.size() < wanted) {
      const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      request_.append(buffer.data(), static_cast<std::size_t>(got));
      const std::size_t end = request_.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::size_t declared = request_.find("Content-Length: ");
      wanted = end + 4 + (declared < end ? std::stoul(request_.substr(declared + 16)) : 0);
    }
  }

  int listener_;
  int port_ = 0;
  std::string request_;
  std::jthread thread_;
};

RawServer::Answer says(const std::string& text) {
  return [text](int connection) { ::send(connection, text.data(), text.size(), MSG_NOSIGNAL); };
}

std::string response(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// Until the client hangs up.
void say_nothing(int connection) {
  char ignored = 0;
  while (::recv(connection, &ignored, 1, 0) > 0) {
  }
}

Result<HttpResponse> get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return CurlHttpClient().send(request);
}

std::string error_of(const Result<HttpResponse>& answer) {
  return answer ? "no error" : answer.error().message;
}

TEST(HttpClient, EveryStatusIsAResponse) {
  for (const char* status : {"200 OK", "202 Accepted", "404 Not Found", "503 Busy"}) {
    RawServer server(says(response(status, "body\n")));
    const auto answer = get(server.url("/path?a=b"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, std::atoi(status));
    EXPECT_EQ(answer->body, "body\n");
    EXPECT_EQ(server.request().rfind("GET /path?a=b HTTP/1.1\r\n", 0), 0U) << server.request();
  }
}

TEST(HttpClient, ARedirectIsNotFollowed) {
  RawServer server(
      says("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
           "Content-Length: 0\r\n\r\n"));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
}

TEST(HttpClient, SendsMethodHeadersAndBody) {
  RawServer server(says(response("200 OK", "")));
  HttpRequest request;
  request.method = "POST";
  request.url = server.url("/hook");
  request.headers = {{"Content-Type", "application/json"}, {"X-Event", "deploy"}};
  request.bearer_token = Secret("t0ps3cret");
  request.body = std::string("{\"a\":\0}", 7) + std::string(100'000, 'x');
  ASSERT_TRUE(CurlHttpClient().send(request));
  const std::string& seen = server.request();
  EXPECT_EQ(seen.rfind("POST /hook HTTP/1.1\r\n", 0), 0U);
  EXPECT_NE(seen.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(seen.find("\r\nX-Event: deploy\r\n"), std::string::npos);
  EXPECT_NE(seen.find("\r\nAuthorization: Bearer t0ps3cret\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("\r\nExpect:"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + request.body));
}

// Without the header a server waits for a body until it loses patience.
TEST(HttpClient, APostWithoutABodyDeclaresItsLength) {
  RawServer server(says(response("200 OK", "")));
  HttpRequest request;
  request.method = "POST";
  request.url = server.url();
  ASSERT_TRUE(CurlHttpClient().send(request));
  EXPECT_NE(server.request().find("\r\nContent-Length: 0\r\n"), std::string::npos)
      << server.request();
}

TEST(HttpClient, AHeadHasNoBody) {
  RawServer server(says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  HttpRequest request;
  request.method = "HEAD";
  request.url = server.url();
  const auto answer = CurlHttpClient().send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, TheDeadlineHoldsOverASilentServer) {
  RawServer server(say_nothing);
  HttpRequest request;
  request.url = server.url();
  request.deadline = std::chrono::milliseconds(200);
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "no answer within 200ms");
}

TEST(HttpClient, TheDeadlineHoldsOverADrippingServer) {
  RawServer server([](int connection) {
    says("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")(connection);
    while (::send(connection, "x", 1, MSG_NOSIGNAL) == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  HttpRequest request;
  request.url = server.url();
  request.deadline = std::chrono::milliseconds(300);
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "no answer within 300ms");
}

// Libcurl by itself waits at the end for the thread that resolves the name: here, for ever.
TEST(HttpClient, TheDeadlineHoldsOverASlowNameServer) {
  HttpRequest request;
  request.url = "http://slow.invalid/";
  request.deadline = std::chrono::milliseconds(200);
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "no answer within 200ms");
  resolver_may_answer().count_down();
}

// To libcurl a deadline of 0 means none.
TEST(HttpClient, ADeadlineThatHasPassedIsNoLicenceToWait) {
  RawServer server(say_nothing);
  for (const int ms : {0, -5}) {
    HttpRequest request;
    request.url = server.url();
    request.deadline = std::chrono::milliseconds(ms);
    EXPECT_EQ(error_of(CurlHttpClient().send(request)), "no time left for a request");
  }
}

TEST(HttpClient, AnAnswerThatIsTooLargeIsAnError) {
  HttpRequest request;
  request.response_bytes_max = 1000;
  RawServer fits(says(response("200 OK", std::string(1000, 'x'))));
  request.url = fits.url();
  const auto answer = CurlHttpClient().send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.size(), 1000U);
  RawServer large(says(response("200 OK", std::string(1001, 'x'))));
  request.url = large.url();
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "the answer is larger than 1000 bytes");
  RawServer endless([](int connection) {
    says("HTTP/1.1 200 OK\r\n\r\n")(connection);
    while (::send(connection, "xxxx", 4, MSG_NOSIGNAL) == 4) {
    }
  });
  request.url = endless.url();
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "the answer is larger than 1000 bytes");
}

TEST(HttpClient, HalfAnAnswerIsAnError) {
  RawServer half(says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"));
  EXPECT_FALSE(get(half.url()));
  RawServer none([](int) {});
  EXPECT_FALSE(get(none.url()));
  RawServer garbage(says("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_FALSE(get(garbage.url()));
}

// Slack's addresses are credentials: whoever reads the log must not be able to post.
TEST(HttpClient, ErrorsNeverHoldTheAddress) {
  std::string closed_port;
  {
    closed_port = RawServer([](int) {}).url();
  }
  EXPECT_EQ(error_of(get(closed_port)), "connection refused");
  RawServer silent(say_nothing);
  RawServer garbage(says("SSH-2.0-OpenSSH_9.2\r\n"));
  for (const std::string& url :
       {closed_port + "services/T0PS3CRET", silent.url("/T0PS3CRET"), garbage.url("/T0PS3CRET"),
        std::string("http://T0PS3CRET.invalid/T0PS3CRET"), std::string("http://[T0PS3CRET/"),
        std::string("http://u:T0PS3CRET@:99999999/"), std::string("gopher://T0PS3CRET/"),
        std::string("file:///T0PS3CRET"), std::string("T0PS3CRET:/")}) {
    HttpRequest request;
    request.secret_url = Secret(url);
    request.bearer_token = Secret("T0PS3CRET");
    request.deadline = std::chrono::milliseconds(300);
    const std::string error = error_of(CurlHttpClient().send(request));
    EXPECT_NE(error, "no error") << url;
    EXPECT_NE(error, "") << url;
    EXPECT_EQ(error.find("T0PS3CRET"), std::string::npos) << error;
    EXPECT_EQ(error.find("127.0.0.1"), std::string::npos) << error;
  }
}

TEST(HttpClient, SaysWhatIsWrongWithAHost) {
  EXPECT_EQ(error_of(get("http://unknown.invalid/")), "the host's name cannot be resolved");
}

TEST(HttpClient, FilesAreNotRead) { EXPECT_FALSE(get("file:///etc/hostname")); }

TEST(HttpClient, TalksToAUnixSocket) {
  const test::TemporaryFolder folder;
  HttpRequest request;
  request.url = "http://backstay/control/status";
  request.unix_socket = folder.path("control.sock");
  EXPECT_EQ(error_of(CurlHttpClient().send(request)), "cannot connect: No such file or directory");
  RawServer server(says(response("200 OK", "here")), request.unix_socket);
  const auto answer = CurlHttpClient().send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "here");
  EXPECT_NE(server.request().find("\r\nHost: backstay\r\n"), std::string::npos);
}

TEST(HttpClient, TakesNoProxyFromTheEnvironment) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  RawServer server(says(response("200 OK", "direct")));
  const auto answer = get(server.url());
  ::unsetenv("http_proxy");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "direct");
}

TEST(PercentEncode, KeepsOnlyWhatIsUnreserved) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b/c?d&e=f%g+h@i:j\"k'l\\m"),
            "a%20b%2Fc%3Fd%26e%3Df%25g%2Bh%40i%3Aj%22k%27l%5Cm");
  EXPECT_EQ(percent_encode("grün\n"), "gr%C3%BCn%0A");
  EXPECT_EQ(percent_encode(std::string("\0", 1)), "%00");
  EXPECT_EQ(percent_encode(""), "");
}

}  // namespace
}  // namespace backstay
