# Toolchain file of everything that ships: zig's clang and libc++, static on Linux (musl).
#
#   cmake -S . -B build/musl --toolchain probe-image/toolchain/zig.cmake \
#         -DCMAKE_PREFIX_PATH="$(plugin/third_party/build)"
#
# NETCHECK_TARGET is zig's triple: {x86_64,aarch64}-linux-musl, {x86_64,aarch64}-macos, x86_64-windows-gnu.
# Packages are found in CMAKE_PREFIX_PATH only, never in the system's folders.

set(NETCHECK_TARGET "x86_64-linux-musl" CACHE STRING "zig's target triple")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NETCHECK_TARGET)

string(REGEX MATCH "^([^-]+)-([^-]+)" _ "${NETCHECK_TARGET}")
set(CMAKE_SYSTEM_PROCESSOR "${CMAKE_MATCH_1}")
if(CMAKE_MATCH_2 STREQUAL "linux")
  set(CMAKE_SYSTEM_NAME Linux)
elseif(CMAKE_MATCH_2 STREQUAL "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
elseif(CMAKE_MATCH_2 STREQUAL "windows")
  set(CMAKE_SYSTEM_NAME Windows)
else()
  message(FATAL_ERROR "NETCHECK_TARGET: unknown system in '${NETCHECK_TARGET}'")
endif()

execute_process(
  COMMAND "${CMAKE_CURRENT_LIST_DIR}/zig" "${NETCHECK_TARGET}"
  OUTPUT_VARIABLE _zig_tools OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
set(CMAKE_C_COMPILER "${_zig_tools}/cc")
set(CMAKE_CXX_COMPILER "${_zig_tools}/c++")
set(CMAKE_AR "${_zig_tools}/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${_zig_tools}/ranlib" CACHE FILEPATH "")

# A debug build would make zig build its libraries a second time, see the script.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_TRY_COMPILE_CONFIGURATION Release)
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")
set(CMAKE_C_FLAGS_INIT "-ffunction-sections -fdata-sections")
set(CMAKE_CXX_FLAGS_INIT "-ffunction-sections -fdata-sections")
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--gc-sections")
endif()

# With these modes and a root, /usr and friends are looked for below the root, where they are not.
set(CMAKE_FIND_ROOT_PATH "${_zig_tools}" ${CMAKE_PREFIX_PATH})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} "${_zig_tools}")
set(OPENSSL_USE_STATIC_LIBS ON)
