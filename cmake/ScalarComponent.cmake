# scalar_component(<name> [SOURCES <files>] [HEADERS <globs below include/scalar>] [PUBLIC <components or targets>]
#                  [PRIVATE <components or targets>] [PACKAGES <packages a consumer must find to link>])
#
# Makes the target scalar_<name> with the alias Scalar::<name>; without SOURCES it is an interface library.
# Component names among PUBLIC and PRIVATE are written Scalar::<name>.
set_property(GLOBAL PROPERTY SCALAR_COMPONENTS "")

function(scalar_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE;PACKAGES")
  set(target scalar_${name})
  if(arg_SOURCES)
    add_library(${target} ${arg_SOURCES})
    set(scope PUBLIC)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    scalar_warnings(${target})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(Scalar::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})

  set(headers)
  foreach(pattern IN LISTS arg_HEADERS)
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/scalar/${pattern}")
    list(APPEND headers ${found})
  endforeach()
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${headers})
  if(PROJECT_IS_TOP_LEVEL)
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()

  set(needs ${arg_PUBLIC} ${arg_PRIVATE})
  list(FILTER needs INCLUDE REGEX "^Scalar::")
  list(TRANSFORM needs REPLACE "^Scalar::" "")
  set_property(GLOBAL APPEND PROPERTY SCALAR_COMPONENTS ${name})
  set_property(GLOBAL PROPERTY SCALAR_${name}_COMPONENTS "${needs}")
  set_property(GLOBAL PROPERTY SCALAR_${name}_PACKAGES "${arg_PACKAGES}")
endfunction()

# Warnings belong to Scalar's own translation units, never to consumers.
function(scalar_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)  # false alarms in std::string (GCC bug 105651)
  endif()
  if(SCALAR_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# Scalar::scalar: what <scalar/scalar.hpp> needs.
function(scalar_umbrella)
  scalar_component(scalar HEADERS scalar.hpp PUBLIC Scalar::data Scalar::metrics Scalar::model Scalar::trainer
                   Scalar::predictor Scalar::flow)
endfunction()
