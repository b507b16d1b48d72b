// What functions written for SeBS include as "storage.hpp", also those that do
// not use the module storage.
#pragma once

#if __has_include(<sebs/storage.hpp>)
#include <sebs/storage.hpp>
#endif
