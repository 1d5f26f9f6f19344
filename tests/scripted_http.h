#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/http_client.h"

namespace backstay::test {

// Answers by path; the last answer of a path stays. What nobody scripted is refused.
class ScriptedHttp final : public HttpClient {
 public:
  void answer(const std::string& path, int status, const std::string& body) {
    answers_[path].push_back(HttpResponse{status, body});
  }
  Result<HttpResponse> send(const HttpRequest& request) override {
    requests.push_back(request);
    auto& queue = answers_[path_of(request)];
    if (queue.empty()) return fail("connection refused");
    HttpResponse response = queue.front();
    if (response.body.size() > request.response_bytes_max) {
      return fail("the answer is larger than " + std::to_string(request.response_bytes_max) +
                  " bytes");
    }
    if (queue.size() > 1) queue.pop_front();
    return response;
  }

  std::vector<HttpRequest> requests;

 private:
  static std::string path_of(const HttpRequest& request) {
    const std::string& url = request.secret_url.empty() ? request.url : request.secret_url.reveal();
    const std::size_t begin = url.find('/', url.find("://") + 3);
    return url.substr(begin, url.find('?') - begin);
  }

  std::map<std::string, std::deque<HttpResponse>> answers_;
};

}  // namespace backstay::test
