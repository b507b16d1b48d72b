// What functions written for SeBS include as "utils.hpp".
#pragma once

#include <chrono>
#include <cstdint>

inline uint64_t timeSinceEpochMicrosec() {
  return uint64_t(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}
