# Installs the package of a build into a folder of its own, and builds and runs the project KIND against it, once with
# CMake and once with pkg-config alone. The core's project sees no SystemC at all.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

set(prefix ${WORK}/prefix)
set(project ${CMAKE_CURRENT_LIST_DIR}/${KIND})
file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${prefix})

set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
find_program(pkg_config NAMES pkg-config REQUIRED)

# What the consumers can find: the package, and of the system what it says it needs; SystemC only for those who use it.
set(needs libfyaml jansson)
if(KIND STREQUAL "systemc")
  list(APPEND needs systemc tlm) # its file asks for TLM's, or the other way round, as the system has it
endif()
hide_all_but(${WORK}/pkgconfig ${needs})

if(KIND STREQUAL "systemc")
  # LeakSanitizer cannot read the stacks of SystemC's threads.
  set(ENV{ASAN_OPTIONS} detect_leaks=0)
endif()

# ---- With CMake ----
run(${CMAKE_COMMAND} -S ${project} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
  -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_C_FLAGS=${flags} -DCMAKE_CXX_FLAGS=${flags}
  -DSCENARIO=${SOURCE}/scenarios/seeds/two-its-split.yaml)
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer ${SOURCE}/scenarios/seeds/two-its-split.yaml)
must_say("it works")

# ---- With pkg-config ----
set(ENV{PKG_CONFIG_LIBDIR} ${WORK}/pkgconfig:${prefix}/${LIBDIR}/pkgconfig)
run(${pkg_config} --cflags --libs doorbell-${KIND})
separate_arguments(words UNIX_COMMAND "${output}")
if(KIND STREQUAL "core")
  run(${CC} -std=c17 ${flags} ${project}/main.c -o ${WORK}/by-pkg-config ${words})
else()
  run(${CXX} -std=c++17 ${flags} ${project}/main.cpp -o ${WORK}/by-pkg-config ${words})
endif()
run(${WORK}/by-pkg-config ${SOURCE}/scenarios/seeds/two-its-split.yaml)
must_say("it works")

if(KIND STREQUAL "systemc")
  # An example has all that it needs in its own folder and in the package.
  file(COPY ${SOURCE}/examples DESTINATION ${WORK}/alone)
  run(${CXX} -std=c++17 ${flags} -I${WORK}/alone ${WORK}/alone/examples/pcie/pcie.cpp -o ${WORK}/example ${words})
  run(${WORK}/example)
  must_say("as it should be")
endif()

if(KIND STREQUAL "core")
  find_program(ldd NAMES ldd)
  if(ldd)
    run(${ldd} ${WORK}/by-pkg-config)
    if(output MATCHES "systemc")
      message(FATAL_ERROR "the core needs SystemC:\n${output}")
    endif()
  endif()
endif()
