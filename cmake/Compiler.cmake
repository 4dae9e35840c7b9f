# SPDX-License-Identifier: MIT
# Language level, warnings, sanitizers, compiler cache and linker. Everything
# here is the same for each target; what differs is in Greenroom.cmake.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(GREENROOM_WERROR "Treat warnings as errors" ON)
option(GREENROOM_ASSERTIONS "Check preconditions of the standard library" OFF)
set(GREENROOM_SANITIZE "" CACHE STRING "Value of -fsanitize, or empty")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# -g1 keeps function names and lines for back traces at a fifth of the size.
foreach(lang C CXX)
  set(CMAKE_${lang}_FLAGS_DEBUG "-O0 -g1")
  set(CMAKE_${lang}_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
endforeach()

add_library(greenroom_options INTERFACE)
target_compile_options(greenroom_options INTERFACE -Wall -Wextra -Wpedantic
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
target_compile_definitions(greenroom_options INTERFACE GREENROOM_VERSION="${PROJECT_VERSION}")
if(GREENROOM_WERROR)
  target_compile_options(greenroom_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 reports operator+ of std::string as overlapping memory (GCC bug 105329).
  target_compile_options(greenroom_options INTERFACE -Wno-restrict)
endif()
if(GREENROOM_ASSERTIONS)
  target_compile_definitions(greenroom_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()

if(GREENROOM_SANITIZE)
  set(flags -fsanitize=${GREENROOM_SANITIZE} -fno-omit-frame-pointer)
  if(GREENROOM_SANITIZE MATCHES "thread")
    # Boost.Asio has fences, which the sanitizer does not see; it sees what they are there for.
    list(APPEND flags -Wno-tsan)
  endif()
  if(GREENROOM_SANITIZE MATCHES "undefined")
    list(APPEND flags -fno-sanitize-recover=undefined)
  endif()
  # Optimised a little, because the suite is otherwise too slow. The
  # instrumentation makes g++ see uninitialised values that are none.
  add_compile_options(${flags} -O1 -Wno-maybe-uninitialized)
  add_link_options(${flags})
endif()

find_program(GREENROOM_CCACHE ccache)
if(GREENROOM_CCACHE)
  # The sloppiness is what ccache asks for with precompiled headers; the base lets a second
  # checkout find what the first has compiled.
  foreach(lang C CXX)
    set(CMAKE_${lang}_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=yes ${GREENROOM_CCACHE})
  endforeach()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

find_program(GREENROOM_MOLD mold)
if(GREENROOM_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
