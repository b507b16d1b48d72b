// The answer of a C++ function, the same on every platform.
//
// A platform's handler takes the event off its transport, calls answer(), and
// sends the text back.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace sebs {

// Answer is the answer to a call: its text, and whether the handler failed.
struct Answer {
  std::string text;
  bool failed;
};

// Malformed is thrown for an event that is no JSON.
struct Malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// load loads the function: in a platform's init phase, where it has one. It is
// called once, before any call.
void load();

// answer calls the function. Calls may come from several threads at once; the
// CPU time of an answer is that of the process, so it is then also that of other
// calls.
Answer answer(std::string_view event, const std::string &platform_request);

}  // namespace sebs
