# SPDX-License-Identifier: MIT
# One library per folder of src/, and the rule which folder may use which.
#
#   greenroom_library(store SOURCES keys.cpp log.cpp USES protocol chat
#                     LIBS RocksDB::rocksdb-shared [PRIVATE_LIBS ...] [PCH <rocksdb/db.h>])
#   greenroom_executable(greenroom SOURCES main.cpp USES cli)
#   greenroom_test(store SOURCES keys_test.cpp USES store [LIBS rapidcheck] [TIMEOUT 300]
#                  [NEED_SOURCE_DIR keys_test.cpp])

set(GREENROOM_LAYERS
  protocol chat placement config telemetry runtime security store search raft archive net web
  actors client load cli)
set(GREENROOM_MAY_USE_protocol "")
set(GREENROOM_MAY_USE_chat protocol)
set(GREENROOM_MAY_USE_placement protocol)
set(GREENROOM_MAY_USE_config protocol)
set(GREENROOM_MAY_USE_telemetry protocol)
set(GREENROOM_MAY_USE_runtime "")
set(GREENROOM_MAY_USE_security protocol)
set(GREENROOM_MAY_USE_store protocol chat telemetry runtime)
set(GREENROOM_MAY_USE_search protocol)
set(GREENROOM_MAY_USE_raft protocol chat placement store telemetry runtime)
set(GREENROOM_MAY_USE_net protocol telemetry runtime)
set(GREENROOM_MAY_USE_web protocol telemetry runtime)
set(GREENROOM_MAY_USE_actors
  protocol chat placement config telemetry runtime security store search raft archive net
  web)
set(GREENROOM_MAY_USE_client protocol)
set(GREENROOM_MAY_USE_archive protocol chat placement telemetry store raft)
set(GREENROOM_MAY_USE_load protocol)
set(GREENROOM_MAY_USE_cli client load archive store protocol telemetry)

# The lists that precompile the heavy headers of CAF, Asio and friends.
function(greenroom_pch target headers)
  if(headers)
    target_precompile_headers(${target} PRIVATE ${headers})
  endif()
endfunction()

function(greenroom_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBS;PRIVATE_LIBS;PCH" ${ARGN})
  if(NOT name IN_LIST GREENROOM_LAYERS)
    message(FATAL_ERROR "src/${name} is not in GREENROOM_LAYERS (cmake/Greenroom.cmake).")
  endif()
  foreach(used IN LISTS arg_USES)
    if(NOT used IN_LIST GREENROOM_MAY_USE_${name})
      message(FATAL_ERROR "src/${name} may not use src/${used} (cmake/Greenroom.cmake).")
    endif()
  endforeach()
  set(target greenroom_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${arg_LIBS} PRIVATE greenroom_options ${arg_PRIVATE_LIBS})
  list(TRANSFORM arg_USES PREPEND greenroom_)
  target_link_libraries(${target} PUBLIC ${arg_USES})
  greenroom_pch(${target} "${arg_PCH}")
endfunction()

# Programs land in the top of the build folder: build/release/greenroomd.
function(greenroom_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBS;PCH" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  list(TRANSFORM arg_USES PREPEND greenroom_)
  target_link_libraries(${name} PRIVATE ${arg_USES} ${arg_LIBS} greenroom_options)
  greenroom_pch(${name} "${arg_PCH}")
endfunction()

# One ctest entry per program: starting it once per test case costs more than
# the cases do.
function(greenroom_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;USES;LIBS;PCH;NEED_SOURCE_DIR" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(GREENROOM_SANITIZE MATCHES "thread") # programs are five to ten times as slow with it
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 6")
  endif()
  set(target test_${name})
  add_executable(${target} ${arg_SOURCES} $<TARGET_OBJECTS:greenroom_test_main>)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  # Only where it is needed: a path in the command keeps the compiler cache from helping.
  if(arg_NEED_SOURCE_DIR)
    set_source_files_properties(${arg_NEED_SOURCE_DIR} PROPERTIES
      COMPILE_DEFINITIONS GREENROOM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  endif()
  list(TRANSFORM arg_USES PREPEND greenroom_)
  target_link_libraries(${target} PRIVATE ${arg_USES} ${arg_LIBS} Catch2::Catch2 greenroom_options)
  greenroom_pch(${target} "${arg_PCH}")
  add_test(NAME unit.${name} COMMAND ${target} --warn NoAssertions)
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${GREENROOM_TEST_ENVIRONMENT}")
endfunction()
