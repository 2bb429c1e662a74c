# `cmake --install` puts headers, libraries and the binary in place, so that an outside project writes
#   find_package(Quiver REQUIRED COMPONENTS Core)        # or Store, Serve, Learn
#   target_link_libraries(app PRIVATE quiver::core)
# Each component is an export set of its own: a build without torch installs no Learn, and asking for it says so.
# Outside projects find the same libraries in the same way as this build: QuiverDependencies.cmake is installed as it is.
include(CMakePackageConfigHelpers)

# The component of a module. What needs torch, itself or through a neighbour, is Learn's; the other modules are Core's.
function(quiver_component module component)
  get_target_property(linked quiver_${module} LINK_LIBRARIES)
  set(result Core)
  if(module STREQUAL store)
    set(result Store)
  elseif(module STREQUAL serve)
    set(result Serve)
  elseif("${module};${linked}" MATCHES "learn")
    set(result Learn)
  endif()
  set(${component} ${result} PARENT_SCOPE)
endfunction()

set(destination ${CMAKE_INSTALL_LIBDIR}/cmake/Quiver)
get_property(modules GLOBAL PROPERTY QUIVER_BUILT_MODULES)
list(REMOVE_ITEM modules cli)  # verbs are for the binary alone
set(components)
foreach(module IN LISTS modules)
  quiver_component(${module} component)
  list(APPEND components ${component})
  install(TARGETS quiver_${module} EXPORT Quiver${component}Targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  string(REGEX REPLACE "_(core|learn)$" "" folder ${module})  # recipes_core and recipes_learn share a folder
  install(DIRECTORY quiver/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quiver
    FILES_MATCHING PATTERN "*.h" PATTERN internal EXCLUDE)
endforeach()
list(REMOVE_DUPLICATES components)
foreach(component IN LISTS components)
  install(EXPORT Quiver${component}Targets NAMESPACE quiver:: DESTINATION ${destination})
endforeach()
if(TARGET quiver_cli_main)
  install(TARGETS quiver_cli_main RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/QuiverConfig.cmake.in ${PROJECT_BINARY_DIR}/QuiverConfig.cmake
  INSTALL_DESTINATION ${destination})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/QuiverConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/QuiverConfig.cmake ${PROJECT_BINARY_DIR}/QuiverConfigVersion.cmake
  cmake/QuiverDependencies.cmake DESTINATION ${destination})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/quiver)
