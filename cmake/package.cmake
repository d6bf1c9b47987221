# What other projects use: two archives, their headers, a CMake package (Doorbell::core, Doorbell::systemc) and
# pkg-config files (doorbell-core, doorbell-systemc). `cmake --install BUILD --component sdk --prefix DIR` installs just
# that.
#
# The archives hold the objects of the rooms. doorbell-core knows nothing of SystemC; where a build has SystemC,
# doorbell-systemc has the systemc engine and the wrappers.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/doorbell)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Doorbell)
# From the folder of the pkg-config files back to the prefix, so that what is installed can be moved.
file(RELATIVE_PATH DOORBELL_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)

function(doorbell_archive target name)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME doorbell-${name}
    EXPORT_NAME ${name}
    ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${headers}>)
  install(TARGETS ${target} EXPORT Doorbell-${name} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk)
  install(EXPORT Doorbell-${name} NAMESPACE Doorbell:: DESTINATION ${package} COMPONENT sdk)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/doorbell-${name}.pc.in ${PROJECT_BINARY_DIR}/doorbell-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/doorbell-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT sdk)
endfunction()

# Public headers only: those for a room's own use end in _internal.h.
function(doorbell_headers)
  foreach(folder IN LISTS ARGN)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${headers} COMPONENT sdk
      FILES_MATCHING PATTERN "*.h" PATTERN "*_internal.h" EXCLUDE)
  endforeach()
endfunction()

# ---- Core ----

set(rooms doorbell_sim doorbell_memory doorbell_interconnect doorbell_pcie doorbell_smmuv3 doorbell_gic doorbell_result
  doorbell_host doorbell_scenario)
set(objects)
foreach(room IN LISTS rooms)
  list(APPEND objects $<TARGET_OBJECTS:${room}>)
endforeach()
# Says that the systemc engine is absent, to whoever does not link doorbell-systemc as well, which comes first then.
add_library(doorbell_no_systemc OBJECT ${PROJECT_SOURCE_DIR}/sim/systemc/systemc_absent.c)
target_link_libraries(doorbell_no_systemc PRIVATE doorbell_build)
add_library(doorbell_core STATIC ${objects} $<TARGET_OBJECTS:doorbell_no_systemc>)
target_link_libraries(doorbell_core INTERFACE PkgConfig::FYAML PkgConfig::JANSSON fdt m)
doorbell_archive(doorbell_core core)
doorbell_headers(sim models result host scenario)

# ---- SystemC ----

set(DOORBELL_HAS_SYSTEMC OFF)
if(TARGET doorbell_wrappers)
  set(DOORBELL_HAS_SYSTEMC ON)
  add_library(doorbell_sdk_systemc STATIC $<TARGET_OBJECTS:doorbell_wrappers> $<TARGET_OBJECTS:doorbell_systemc>)
  target_link_libraries(doorbell_sdk_systemc INTERFACE doorbell_core PkgConfig::SYSTEMC)
  target_compile_features(doorbell_sdk_systemc INTERFACE cxx_std_17)
  doorbell_archive(doorbell_sdk_systemc systemc)
  doorbell_headers(wrappers)
endif()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/DoorbellConfig.cmake.in
  ${PROJECT_BINARY_DIR}/DoorbellConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/DoorbellConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/DoorbellConfig.cmake ${PROJECT_BINARY_DIR}/DoorbellConfigVersion.cmake
  DESTINATION ${package} COMPONENT sdk)
