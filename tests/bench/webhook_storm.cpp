// Signed GitHub deliveries from many senders at once, each a connection that stays and waits for an
// answer before its next delivery. One thread for all of them, and signatures made before the clock
// runs, so that the machine is the server's.
//   bench_webhook_storm PORT PATH KEY_FILE BODY_FILE FIRST DELIVERIES SENDERS
// The body is the file's, with the delivery's own number in place of each "@number@". Prints a JSON
// object: seconds, milliseconds of each answer (50th and 99th percentile, the longest), how many
// had which status, and how often a sender had to connect again.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/hmac.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what) {
  std::cerr << "bench_webhook_storm: " << what << '\n';
  std::exit(1);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) die(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string with_number(std::string text, std::uint64_t number) {
  constexpr std::string_view kPlace = "@number@";
  for (std::size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace, at)) {
    text.replace(at, kPlace.size(), std::to_string(number));
  }
  return text;
}

std::string hmac_sha256(const std::string& key, const std::string& body) {
  std::array<unsigned char, 32> digest{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    for (const int half : {byte >> 4, byte & 15}) hex += "0123456789abcdef"[half];
  }
  return hex;
}

std::string delivery(const std::string& path, const std::string& key, const std::string& form,
                     std::uint64_t number) {
  const std::string body = with_number(form, number);
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n" +
         "User-Agent: GitHub-Hookshot/0000000\r\nContent-Type: application/json\r\n" +
         "X-GitHub-Event: deployment_status\r\nX-GitHub-Delivery: " + std::to_string(number) +
         "\r\nX-Hub-Signature-256: sha256=" + hmac_sha256(key, body) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One sender. A server may end a connection after an answer; then it connects again.
struct Sender {
  int socket = -1;
  std::size_t next = 0;  // which delivery
  std::size_t end = 0;
  std::size_t sent = 0;
  std::string answer;
  Clock::time_point begun;
};

struct Storm {
  std::uint16_t port = 0;
  int poll = ::epoll_create1(0);
  std::vector<std::string> deliveries;
  std::vector<double> times_ms;
  std::map<int, int> statuses;
  int reconnected = 0;
  std::size_t unfinished = 0;

  void connect(Sender& sender) {
    sender.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(sender.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address)) {
      die("cannot connect");
    }
    const int on = 1;
    ::setsockopt(sender.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &sender;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sender.socket, &event);
  }
  void connect_again(Sender& sender) {
    ::close(sender.socket);
    connect(sender);
    ++reconnected;
  }

  // 10 KB fit into a socket's buffer, so that this does not wait for the server.
  void send(Sender& sender) {
    const std::string& whole = deliveries[sender.next];
    sender.answer.clear();
    for (std::size_t sent = 0; sent < whole.size();) {
      const ssize_t got =
          ::send(sender.socket, whole.data() + sent, whole.size() - sent, MSG_NOSIGNAL);
      if (got < 0) {
        connect_again(sender);
        sent = 0;
      } else {
        sent += static_cast<std::size_t>(got);
      }
    }
  }

  void begin(Sender& sender) {
    if (sender.next == sender.end) {
      --unfinished;
      return;
    }
    sender.begun = Clock::now();
    send(sender);
  }

  // Where the answer is whole, its status; 0 where more is to come.
  static int status_of(const std::string& answer) {
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    std::size_t length = 0;
    for (const char* name : {"Content-Length: ", "content-length: "}) {
      const std::size_t at = answer.find(name);
      if (at < head) length = std::strtoul(answer.c_str() + at + 16, nullptr, 10);
    }
    return answer.size() < head + 4 + length ? 0 : std::atoi(answer.c_str() + 9);
  }

  void receive(Sender& sender) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(sender.socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) {  // it was closed after the last answer
      connect_again(sender);
      if (sender.next < sender.end) send(sender);
      return;
    }
    sender.answer.append(buffer.data(), static_cast<std::size_t>(got));
    const int status = status_of(sender.answer);
    if (status == 0) return;
    times_ms.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - sender.begun).count());
    ++statuses[status];
    ++sender.next;
    begin(sender);
  }

  double run(std::vector<Sender>& senders) {
    unfinished = senders.size();
    for (Sender& sender : senders) connect(sender);
    const auto begun = Clock::now();
    for (Sender& sender : senders) begin(sender);
    std::array<epoll_event, 64> events{};
    while (unfinished > 0) {
      const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 60'000);
      if (ready == 0) die("no answer within a minute");
      for (int i = 0; i < ready; ++i) receive(*static_cast<Sender*>(events[i].data.ptr));
    }
    return std::chrono::duration<double>(Clock::now() - begun).count();
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) die("PORT PATH KEY_FILE BODY_FILE FIRST DELIVERIES SENDERS");
  Storm storm;
  storm.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const std::string key = content_of(argv[3]);
  const std::string form = content_of(argv[4]);
  const std::uint64_t first = std::strtoull(argv[5], nullptr, 10);
  const std::size_t deliveries = std::strtoull(argv[6], nullptr, 10);
  std::vector<Sender> senders(std::strtoull(argv[7], nullptr, 10));
  for (std::size_t i = 0; i < deliveries; ++i) {
    storm.deliveries.push_back(delivery(argv[2], key, form, first + i));
  }
  storm.times_ms.reserve(deliveries);
  for (std::size_t i = 0; i < senders.size(); ++i) {
    senders[i].next = deliveries * i / senders.size();
    senders[i].end = deliveries * (i + 1) / senders.size();
  }
  const double seconds = storm.run(senders);
  std::sort(storm.times_ms.begin(), storm.times_ms.end());
  const auto percentile = [&](std::size_t percent) {
    return storm
        .times_ms[std::min(storm.times_ms.size() - 1, storm.times_ms.size() * percent / 100)];
  };
  std::cout << "{\"seconds\": " << seconds << ", \"p50_ms\": " << percentile(50)
            << ", \"p99_ms\": " << percentile(99) << ", \"max_ms\": " << storm.times_ms.back()
            << ", \"reconnected\": " << storm.reconnected << ", \"statuses\": {";
  const char* comma = "";
  for (const auto& [status, count] : storm.statuses) {
    std::cout << comma << '"' << status << "\": " << count;
    comma = ", ";
  }
  std::cout << "}}\n";
}
