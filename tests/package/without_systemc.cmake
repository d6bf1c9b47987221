# Builds this source where no SystemC is to be found, as a machine without it would: the command and the engine's tests
# run, what it prints is what the build with SystemC prints, and the package has the core alone.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

file(REMOVE_RECURSE ${WORK})
hide(${WORK}/pkgconfig systemc tlm)
set(build ${WORK}/build)
set(scenario ${SOURCE}/scenarios/seeds/two-its-split.yaml)

# ---- Build: not optimised, and of the tests those of the engine ----
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${build} -G ${GENERATOR} -DCMAKE_C_COMPILER=${CC} -DCMAKE_CXX_COMPILER=${CXX}
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0 -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DDOORBELL_BENCH=OFF
  -DDOORBELL_TEST_ROOMS=sim)
must_say("SystemC not found: building without the systemc engine")
run(${CMAKE_COMMAND} --build ${build} --parallel 2)

# ---- Test ----
run(${CMAKE_CTEST_COMMAND} --test-dir ${build} -j 2 --no-tests=error)
must_say("100% tests passed, 0 tests failed")
must_say("EnginesSystemc[^\n]*Skipped")

# ---- The command ----
run(${build}/doorbell version)
must_say("systemc .absent from this build.")
must_fail(${build}/doorbell run ${scenario} --engine systemc)
must_say("the systemc engine is absent from this build")
run(${build}/doorbell run --json ${scenario})
set(without "${output}")
run(${BUILD}/doorbell run --json ${scenario})
if(NOT output STREQUAL without)
  message(FATAL_ERROR "a run's document depends on whether SystemC was there when the command was built")
endif()

# ---- The package ----
run(${CMAKE_COMMAND} -DKIND=core -DBUILD=${build} -DSOURCE=${SOURCE} -DWORK=${WORK}/core -DGENERATOR=${GENERATOR}
  -DCC=${CC} -DCXX=${CXX} -DLIBDIR=${LIBDIR} -P ${CMAKE_CURRENT_LIST_DIR}/consume.cmake)
if(EXISTS ${WORK}/core/prefix/include/doorbell/wrappers)
  message(FATAL_ERROR "headers of the wrappers were installed, which need SystemC")
endif()
