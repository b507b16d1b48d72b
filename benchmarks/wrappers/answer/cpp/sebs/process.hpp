// What a process knows of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sebs {

int64_t unix_us();         // Unix time
int64_t monotonic_ns();    // monotonic time
int64_t processor_us();    // CPU time of the process so far
int64_t boot_us();         // when the process started, Unix time
int64_t peak_memory();     // peak resident memory in bytes
std::string random_id();   // 16 random hexadecimal digits

// enter_sandbox returns the sandbox's id, which is id if this call made it;
// nothing if there is no place to write.
std::optional<std::string> enter_sandbox(const std::string &id);

}  // namespace sebs
