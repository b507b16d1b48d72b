// Sleeps for as long as the event says.
#include <sebs/function.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

using json = nlohmann::json;

json function(const json &event) {
  const json seconds = event.value("sleep", json());
  if (!seconds.is_number() || !(seconds.get<double>() >= 0)) {
    throw std::invalid_argument("the event's sleep is " + seconds.dump() + ", want a number of seconds of at least 0");
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds.get<double>()));
  return {{"result", seconds}};
}
