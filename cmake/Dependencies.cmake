# SPDX-License-Identifier: MIT
# Everything greenroom takes from the system, found once. The name to link is
# at the end of each line; scripts/install-deps knows the packages.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)                      # Threads::Threads
find_package(CAF 0.17.6 REQUIRED)                   # CAF::core CAF::io
find_package(LibRaft 0.22.1 REQUIRED)               # LibRaft::raft (shared; C only)
find_package(Boost 1.74 REQUIRED COMPONENTS system) # Boost::headers Boost::system
find_package(OpenSSL 3.0 REQUIRED)                  # OpenSSL::SSL OpenSSL::Crypto
find_package(nlohmann_json 3.11 REQUIRED)           # nlohmann_json::nlohmann_json
find_package(msgpack 4.1 CONFIG REQUIRED)           # msgpackc-cxx
find_package(fmt 9 REQUIRED)                        # fmt::fmt
find_package(spdlog 1.10 REQUIRED)                  # spdlog::spdlog
find_package(tl-expected 1.0 REQUIRED)              # tl::expected
find_package(tomlplusplus 3.3 REQUIRED)             # tomlplusplus::tomlplusplus
find_package(CLI11 2.1 REQUIRED)                    # CLI11::CLI11
find_package(ZLIB 1.2 REQUIRED)                     # ZLIB::ZLIB
find_package(prometheus-cpp CONFIG REQUIRED)         # prometheus-cpp::core

find_package(ZLIB 1.2.13 REQUIRED)                  # ZLIB::ZLIB

# RocksDB's package brings its own Find modules, which hide the target that its
# link line names; so zstd comes first.
find_package(zstd CONFIG REQUIRED)                  # zstd::libzstd_shared
find_package(RocksDB 7.8 CONFIG REQUIRED)           # RocksDB::rocksdb-shared

find_package(SQLite3 3.40 REQUIRED)                 # SQLite::SQLite3 (with FTS5)

find_package(PkgConfig REQUIRED)
pkg_check_modules(libsodium REQUIRED IMPORTED_TARGET libsodium>=1.0.18) # PkgConfig::libsodium
pkg_check_modules(libjwt REQUIRED IMPORTED_TARGET libjwt>=1.10.2)       # PkgConfig::libjwt
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)        # PkgConfig::utf8proc
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)             # PkgConfig::libedit
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc>=5.3)      # PkgConfig::jemalloc
pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw)           # PkgConfig::ncursesw

if(BUILD_TESTING)
  find_package(Catch2 2.13 REQUIRED)                # Catch2::Catch2 (greenroom_test links it)
  find_package(rapidcheck CONFIG REQUIRED)          # rapidcheck rapidcheck_catch
endif()
