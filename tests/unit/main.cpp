// SPDX-License-Identifier: MIT
// The one main of all unit tests; compiled once because Catch2 v2 is slow to build.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
