# Optimised by profile: -DDOORBELL_PGO=ON (preset `pgo`, GCC). The build makes a second one inside itself, of the
# program alone and instrumented, runs the shipped scenarios with it, and compiles everything with what that has shown:
# what is usually together lies together, what seldom happens lies elsewhere, what is often called becomes part of its
# caller.
#
# It is trained once a build directory: delete that to have it trained again. Code that has changed since is compiled as
# without a profile.
option(DOORBELL_PGO "Build an instrumented program first, train it on the shipped scenarios, use its profile (GCC)" OFF)
set(DOORBELL_PROFILE_INTO "" CACHE PATH
  "Instrument, and leave the profile in this folder: the inner build of DOORBELL_PGO")
mark_as_advanced(DOORBELL_PROFILE_INTO)

if((DOORBELL_PGO OR DOORBELL_PROFILE_INTO) AND NOT (CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_ID
   STREQUAL "GNU"))
  message(FATAL_ERROR "DOORBELL_PGO needs GCC: this compiler is ${CMAKE_C_COMPILER_ID}")
endif()

if(DOORBELL_PROFILE_INTO)
  # Objects are named by their paths inside a build, so that the outer one finds those of the inner.
  target_compile_options(doorbell_build INTERFACE -fprofile-generate=${DOORBELL_PROFILE_INTO}
    -fprofile-prefix-path=${PROJECT_BINARY_DIR} -fprofile-update=single)
  target_link_options(doorbell_build INTERFACE -fprofile-generate=${DOORBELL_PROFILE_INTO})
elseif(DOORBELL_PGO)
  set(DOORBELL_TRAINING ${PROJECT_BINARY_DIR}/training)
  set(DOORBELL_PROFILE ${PROJECT_BINARY_DIR}/profile)

  add_custom_command(OUTPUT ${DOORBELL_PROFILE}/trained
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${DOORBELL_PROFILE}
    COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR} -B ${DOORBELL_TRAINING} -G ${CMAKE_GENERATOR}
            -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
            -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE} -DDOORBELL_TESTS=OFF -DDOORBELL_PACKAGE=OFF -DDOORBELL_BENCH=OFF
            -DDOORBELL_PROFILE_INTO=${DOORBELL_PROFILE}
    COMMAND ${CMAKE_COMMAND} --build ${DOORBELL_TRAINING} --target doorbell
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=${DOORBELL_TRAINING}/doorbell -DSCENARIOS=${PROJECT_SOURCE_DIR}/scenarios
            -P ${PROJECT_SOURCE_DIR}/cmake/train.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${DOORBELL_PROFILE}/trained
    COMMENT "Building an instrumented program and training it"
    USES_TERMINAL VERBATIM)
  add_custom_target(doorbell_profile DEPENDS ${DOORBELL_PROFILE}/trained)
  # Nothing is said where there is no profile (a room that no scenario enters), and an old one is no error.
  target_compile_options(doorbell_build INTERFACE -fprofile-use=${DOORBELL_PROFILE}
    -fprofile-prefix-path=${PROJECT_BINARY_DIR} -fprofile-partial-training -Wno-missing-profile
    -Wno-coverage-mismatch -Wno-error)
  target_link_options(doorbell_build INTERFACE -fprofile-use=${DOORBELL_PROFILE} -fprofile-partial-training
    -Wno-missing-profile -Wno-coverage-mismatch)
endif()
