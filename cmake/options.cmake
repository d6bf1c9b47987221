option(DOORBELL_TESTS "Build the tests" ON)
option(DOORBELL_BENCH "Build the benchmarks" ON)
option(DOORBELL_EXAMPLES "Build the platforms in SystemC under examples/, and with tests run them" ON)
option(DOORBELL_PACKAGE "Build and install what other projects link: archives, headers, package files" ON)
set(DOORBELL_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize= (for example address,undefined)")
option(DOORBELL_FUZZ "Build the libFuzzer programs fuzz_NAME (clang only); see docs/fuzzing.md" OFF)
option(DOORBELL_COVERAGE "Instrument for coverage" OFF)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# The engine's channels and the models that use them are in different libraries: worth 5 to 10 % to see them together.
# Not with the tests, each of whose programs would be optimised as a whole again, nor for archives that others link.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT DOORBELL_TESTS AND NOT DOORBELL_PACKAGE AND
   NOT DEFINED CMAKE_INTERPROCEDURAL_OPTIMIZATION)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT DOORBELL_IPO LANGUAGES C CXX OUTPUT DOORBELL_IPO_WHY)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${DOORBELL_IPO})
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

# Every own target links this: the warning set, the include root, the sanitizers.
add_library(doorbell_build INTERFACE)
target_include_directories(doorbell_build INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(doorbell_build INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(doorbell_build INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror>
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Werror>
  # In C++, GCC also warns of a function with the name of a structure, as our C headers (and stat()) have them.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-shadow -Wshadow=local>
  # And in C++, Clang's -Wconversion is about signs too, GCC's is not.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-sign-conversion>)
# Programs that use nothing of a shared library do not load it: SystemC's wants an sc_main from whoever does.
target_link_options(doorbell_build INTERFACE LINKER:--as-needed)
if(DOORBELL_SANITIZE)
  target_compile_options(doorbell_build INTERFACE -fsanitize=${DOORBELL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(doorbell_build INTERFACE -fsanitize=${DOORBELL_SANITIZE})
  # What the sanitizers put in between makes gcc see conversions that are not there; plain builds judge those.
  target_compile_options(doorbell_build INTERFACE -Wno-conversion -Wno-sign-conversion)
endif()
if(DOORBELL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "DOORBELL_FUZZ needs clang: -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++")
  endif()
  target_compile_options(doorbell_build INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(doorbell_build INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(DOORBELL_COVERAGE)
  target_compile_options(doorbell_build INTERFACE --coverage)
  target_link_options(doorbell_build INTERFACE --coverage)
endif()

include(cmake/profile.cmake)

# doorbell_room(NAME sources...): the static library of one room, with the build settings above.
function(doorbell_room name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC doorbell_build)
  if(TARGET doorbell_profile)
    add_dependencies(${name} doorbell_profile)
  endif()
endfunction()

# `cmake --build DIR --target tidy`: clang-tidy over every own source that this build compiles.
find_program(DOORBELL_RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
if(DOORBELL_RUN_CLANG_TIDY)
  add_custom_target(tidy
    COMMAND ${DOORBELL_RUN_CLANG_TIDY} -quiet -p ${PROJECT_BINARY_DIR}
            "${PROJECT_SOURCE_DIR}/(sim|models|result|host|scenario|report|cli|wrappers)/.*[.](c|cpp)$"
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "clang-tidy"
    USES_TERMINAL VERBATIM)
else()
  add_custom_target(tidy
    COMMAND ${CMAKE_COMMAND} -E echo "tidy: run-clang-tidy is absent (Debian package clang-tidy)"
    COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
endif()
