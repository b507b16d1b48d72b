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

// prepare loads the function.
void prepare();

// answer calls the function.
Answer answer(std::string_view event, const std::string &platform_request);

}  // namespace sebs
