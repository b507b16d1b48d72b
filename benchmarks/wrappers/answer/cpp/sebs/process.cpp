#include "process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>

namespace sebs {
namespace {

int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return int64_t(t.tv_sec) * 1000000000 + t.tv_nsec;
}

// read_file returns the beginning of a file, empty if it cannot be read.
std::string read_file(const char *name) {
  char text[4096];
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  ssize_t n = read(fd, text, sizeof text);
  close(fd);
  return std::string(text, n > 0 ? size_t(n) : 0);
}

}  // namespace

int64_t unix_us() { return clock_ns(CLOCK_REALTIME) / 1000; }
int64_t monotonic_ns() { return clock_ns(CLOCK_MONOTONIC); }
int64_t processor_us() { return clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000; }

// What the process has computed since its start is a good estimate, since it
// had nothing to wait for; Linux's own figure bounds it to ten milliseconds.
int64_t boot_us() {
  int64_t now = unix_us(), boot = now - processor_us();
#ifdef CLOCK_BOOTTIME
  std::string stat = read_file("/proc/self/stat");
  size_t at = stat.rfind(')');
  for (int field = 2; at != std::string::npos && field < 22; field++) at = stat.find(' ', at + 1);
  if (at != std::string::npos) {
    int64_t tick = 1000000 / sysconf(_SC_CLK_TCK);
    int64_t earliest = now - clock_ns(CLOCK_BOOTTIME) / 1000 + strtoll(stat.c_str() + at, nullptr, 10) * tick;
    boot = std::min(std::max(boot, earliest), earliest + tick);
  }
#endif
  return boot;
}

// Linux's own figure takes tens of microseconds to read. It grows by page faults
// alone, so it is read again only after one.
int64_t peak_memory() {
  static const int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  static std::mutex mutex;  // for what follows
  static int64_t peak = 0;
  static long at = -1;  // how many faults there had been then
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  long faults = usage.ru_minflt + usage.ru_majflt;
  std::lock_guard<std::mutex> alone(mutex);
  if (faults == at) return peak;
  char text[4096];
  ssize_t n = status < 0 ? -1 : pread(status, text, sizeof text - 1, 0);
  if (n > 0) {
    text[n] = 0;
    if (const char *found = strstr(text, "VmHWM:")) {
      at = faults;
      return peak = strtoll(found + 6, nullptr, 10) * 1024;
    }
  }
  // getrusage's figure, in which a process begins with its parent's.
#ifdef __APPLE__
  return usage.ru_maxrss;
#else
  return int64_t(usage.ru_maxrss) * 1024;
#endif
}

std::string random_id() {
  std::random_device random;
  char digits[17];
  snprintf(digits, sizeof digits, "%08x%08x", unsigned(random()), unsigned(random()));
  return digits;
}

std::optional<std::string> enter_sandbox(const std::string &id) {
  const char *folder = getenv("TMPDIR");
  std::string file = std::string(folder && *folder ? folder : "/tmp") + "/.sebs-sandbox";
  int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    bool written = write(fd, id.data(), id.size()) == ssize_t(id.size());
    close(fd);
    if (written) return id;
    return std::nullopt;
  }
  if (errno != EEXIST) return std::nullopt;
  for (int i = 0; i < 100; i++) {  // another process may be about to write it
    std::string found = read_file(file.c_str());
    if (!found.empty()) return found;
    usleep(1000);
  }
  return std::nullopt;
}

}  // namespace sebs
