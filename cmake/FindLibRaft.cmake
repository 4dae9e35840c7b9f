# SPDX-License-Identifier: MIT
# Defines LibRaft::raft. Versions before 0.22.1 are refused: they commit entries
# of old terms by counting replicas, which can lose an acknowledged message, and
# they have no raft_step().
include(FindPackageHandleStandardArgs)

find_path(LibRaft_INCLUDE_DIR raft.h)
find_library(LibRaft_LIBRARY raft)

if(LibRaft_INCLUDE_DIR)
  foreach(part MAJOR MINOR RELEASE)
    file(STRINGS ${LibRaft_INCLUDE_DIR}/raft.h raft_line
      REGEX "^#define RAFT_VERSION_${part} [0-9]+$")
    string(REGEX REPLACE "[^0-9]" "" raft_${part} "${raft_line}")
    if(raft_${part} STREQUAL "")
      set(raft_${part} 0) # 0.15 had no version in its header
    endif()
  endforeach()
  set(LibRaft_VERSION ${raft_MAJOR}.${raft_MINOR}.${raft_RELEASE})
  if(LibRaft_VERSION VERSION_LESS 0.22.1)
    message(FATAL_ERROR "greenroom needs libraft 0.22.1 or newer, and this machine has "
      "an older one: scripts/install-deps takes it from bookworm-backports.")
  endif()
endif()

find_package_handle_standard_args(LibRaft
  REQUIRED_VARS LibRaft_LIBRARY LibRaft_INCLUDE_DIR VERSION_VAR LibRaft_VERSION)

if(LibRaft_FOUND AND NOT TARGET LibRaft::raft)
  add_library(LibRaft::raft UNKNOWN IMPORTED)
  set_target_properties(LibRaft::raft PROPERTIES
    IMPORTED_LOCATION ${LibRaft_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${LibRaft_INCLUDE_DIR})
endif()
mark_as_advanced(LibRaft_INCLUDE_DIR LibRaft_LIBRARY)
