// Functions take and return values of nlohmann::json.
#include "invocation.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "function.hpp"

namespace sebs {
namespace {

struct JSON : Invocation {
  explicit JSON(const nlohmann::json &event) : event(event) {}
  void call() override { returned = function(event); }
  nlohmann::json result() override { return std::move(returned); }

  const nlohmann::json &event;
  nlohmann::json returned;
};

}  // namespace

std::unique_ptr<Invocation> invocation(const nlohmann::json &event) { return std::make_unique<JSON>(event); }

}  // namespace sebs
