# What the tests of this folder do step by step; the first that goes wrong ends them. What a step printed is in
# `output`.

# Runs a command, which must succeed.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# Runs a command, which must not.
function(must_fail)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0)
    string(JOIN " " command ${ARGN})
    message(FATAL_ERROR "should have failed: ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(must_say text)
  if(NOT output MATCHES "${text}")
    message(FATAL_ERROR "not said: ${text}\n${output}")
  endif()
endfunction()

# Sets `places` to the folders in which pkg-config looks.
function(find_places)
  find_program(pkg_config NAMES pkg-config REQUIRED)
  run(${pkg_config} --variable=pc_path pkg-config)
  string(STRIP "${output}" places)
  string(REPLACE ":" ";" places "${places}")
  set(places "${places}" PARENT_SCOPE)
endfunction()

# From now on pkg-config knows what is in FOLDER: of the system's packages those named, where there are such.
function(hide_all_but folder)
  find_places()
  file(MAKE_DIRECTORY ${folder})
  foreach(package IN LISTS ARGN)
    foreach(place IN LISTS places)
      if(EXISTS ${place}/${package}.pc AND NOT EXISTS ${folder}/${package}.pc)
        file(COPY ${place}/${package}.pc DESTINATION ${folder})
      endif()
    endforeach()
  endforeach()
  set(ENV{PKG_CONFIG_LIBDIR} ${folder})
  set(ENV{PKG_CONFIG_PATH} "")
endfunction()

# From now on pkg-config knows what is in FOLDER: all of the system's packages but those named.
function(hide folder)
  find_places()
  set(packages)
  foreach(place IN LISTS places)
    file(GLOB found ${place}/*.pc)
    foreach(file IN LISTS found)
      cmake_path(GET file STEM LAST_ONLY package)
      if(NOT package IN_LIST ARGN)
        list(APPEND packages ${package})
      endif()
    endforeach()
  endforeach()
  hide_all_but(${folder} ${packages})
endfunction()
