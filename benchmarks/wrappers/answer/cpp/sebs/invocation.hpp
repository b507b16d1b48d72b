// A call of the function, in the kind of values that it has.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace sebs {

// Invocation is a call whose event has been read. Only call() is the handler's
// time: reading the event and result() are not.
struct Invocation {
  virtual ~Invocation() = default;
  virtual void call() = 0;
  virtual nlohmann::json result() = 0;  // what the call returned
};

std::unique_ptr<Invocation> invocation(const nlohmann::json &event);

}  // namespace sebs
