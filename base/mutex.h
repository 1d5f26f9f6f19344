#pragma once

#include <mutex>

// Clang's -Wthread-safety checks that members marked GUARDED_BY are touched only under their lock.
// g++ knows none of these attributes. https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#if defined(__clang__)
#define BACKSTAY_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BACKSTAY_THREAD_ANNOTATION(x)
#endif

#define CAPABILITY(x) BACKSTAY_THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY BACKSTAY_THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) BACKSTAY_THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) BACKSTAY_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) BACKSTAY_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BACKSTAY_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define EXCLUDES(...) BACKSTAY_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

namespace backstay {

// std::mutex with annotations. Works with std::condition_variable_any through MutexLock.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a Mutex for a scope. lock() and unlock() are there for condition_variable_any.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace backstay
