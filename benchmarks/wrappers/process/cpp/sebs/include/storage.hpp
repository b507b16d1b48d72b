// What functions written for SeBS include as "storage.hpp", also those that do
// not use the module storage.
#pragma once

// SeBS's has these by way of the SDK of AWS, and functions come to rely on it.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "utils.hpp"

namespace Aws {
using String = std::string;
using IOStream = std::iostream;
}  // namespace Aws

#if __has_include(<sebs/storage.hpp>)
#include <sebs/storage.hpp>
#endif
