# Install rules and the package Scalar: one export set and one targets file a component, so that a consumer needs only the
# packages of the components it asks for.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Scalar")
get_property(components GLOBAL PROPERTY SCALAR_COMPONENTS)

# A folder in which only some targets were built can be installed all the same.
set(libraries ${components})
list(TRANSFORM libraries PREPEND scalar_)
add_custom_target(scalar_libraries)
add_dependencies(scalar_libraries ${libraries})
install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target scalar_libraries --config \"\${CMAKE_INSTALL_CONFIG_NAME}\"
  COMMAND_ERROR_IS_FATAL ANY)")

set(SCALAR_COMPONENT_LINES "")
foreach(component IN LISTS components)
  install(TARGETS scalar_${component} EXPORT Scalar-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT Scalar-${component} NAMESPACE Scalar:: FILE Scalar-${component}.cmake DESTINATION ${package_dir})
  get_property(needs GLOBAL PROPERTY SCALAR_${component}_COMPONENTS)
  get_property(packages GLOBAL PROPERTY SCALAR_${component}_PACKAGES)
  string(APPEND SCALAR_COMPONENT_LINES
    "set(_scalar_${component}_components \"${needs}\")\nset(_scalar_${component}_packages \"${packages}\")\n")
endforeach()
set(SCALAR_COMPONENTS "${components}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/ScalarConfig.cmake.in" "${PROJECT_BINARY_DIR}/ScalarConfig.cmake"
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ScalarConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ScalarConfig.cmake" "${PROJECT_BINARY_DIR}/ScalarConfigVersion.cmake"
  DESTINATION ${package_dir})
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR})
