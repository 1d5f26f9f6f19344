#pragma once

#include <cstddef>
#include <stdexcept>

#include <pthread.h>

namespace backstay::test {

// While it lives no thread can be made: each would get a stack that no address space has room for.
class NoMoreThreads {
 public:
  NoMoreThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t impossible;
    pthread_getattr_default_np(&impossible);
    pthread_attr_setstacksize(&impossible, std::size_t{1} << 47U);
    const int failed = pthread_setattr_default_np(&impossible);
    pthread_attr_destroy(&impossible);
    if (failed != 0) throw std::runtime_error("pthread_setattr_default_np");
  }
  ~NoMoreThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoMoreThreads(const NoMoreThreads&) = delete;
  NoMoreThreads& operator=(const NoMoreThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace backstay::test
