# The training of cmake/profile.cmake: runs every seed scenario with PROGRAM. What they print is of no interest here,
# nor whether a seed that loses interrupts fails by that; a program that cannot run at all is.
file(GLOB scenarios ${SCENARIOS}/seeds/*.yaml)
list(SORT scenarios)
set(ran 0)
foreach(scenario IN LISTS scenarios)
  execute_process(COMMAND ${PROGRAM} run ${scenario} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    math(EXPR ran "${ran} + 1")
  endif()
endforeach()
# The reference topology once more under SystemC's kernel, where there is one.
execute_process(COMMAND ${PROGRAM} run --engine systemc ${SCENARIOS}/seeds/two-its-split.yaml OUTPUT_QUIET ERROR_QUIET)
list(LENGTH scenarios count)
if(ran EQUAL 0)
  message(FATAL_ERROR "${PROGRAM}: none of ${count} scenarios ran")
endif()
message(STATUS "Trained on ${ran} of ${count} scenarios")
