# Language level, warnings and sanitizers of every target of the tree.
include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_library(netcheck_compile_options INTERFACE)
target_compile_options(
  netcheck_compile_options
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -ffunction-sections -fdata-sections)
target_link_options(netcheck_compile_options INTERFACE LINKER:--gc-sections)
if(NETCHECK_SANITIZE)
  target_compile_options(netcheck_compile_options
                         INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(netcheck_compile_options INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # The fuzzers link the rooms as they are.
    target_compile_options(netcheck_compile_options INTERFACE -fsanitize=fuzzer-no-link)
  endif()
endif()

# netcheck_library(NAME [SMALL] ROOT dir SOURCES ... LINK ...): a room. ROOT is where its include paths start.
# SMALL: nothing in it runs often; what ships is made small instead of fast.
function(netcheck_library name)
  cmake_parse_arguments(ROOM "SMALL" "ROOT" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_include_directories(${name} PUBLIC ${ROOM_ROOT})
  target_link_libraries(${name} PUBLIC ${ROOM_LINK} PRIVATE netcheck_compile_options)
  if(ROOM_SMALL)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-Os>)
  endif()
endfunction()
