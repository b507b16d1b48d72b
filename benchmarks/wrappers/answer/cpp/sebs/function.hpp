// What a C++ function defines.
#pragma once

#include <nlohmann/json.hpp>

// function is called with each event.
nlohmann::json function(const nlohmann::json &event);

// init, if it is defined, is called once before. What it throws fails every
// call.
__attribute__((weak)) void init();
