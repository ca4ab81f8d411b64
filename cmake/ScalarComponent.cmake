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
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE} fmt::fmt)  # messages are made with fmt: src/core/fail.hpp
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    scalar_warnings(${target})
    if(BUILD_SHARED_LIBS)
      scalar_shared(${target})
    endif()
    if(TARGET scalar_precompiled)
      target_precompile_headers(${target} REUSE_FROM scalar_precompiled)
    endif()
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

# A shared component exports names of scalar only, not those of the headers it was built with; installed ones find each
# other. Until 1.0 each minor version has an ABI of its own. Objects are compiled as for a static component.
function(scalar_shared target)
  set(script "${PROJECT_SOURCE_DIR}/cmake/scalar.map")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${script}")
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "" LINK_DEPENDS "${script}" INSTALL_RPATH "$ORIGIN"
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endfunction()

# scalar_precompile(<target> [<headers>]): makes a target that holds the standard headers most sources include, and those
# named, precompiled; others take them by target_precompile_headers(... REUSE_FROM <target>), so their compile options must
# be the same. With angle brackets CMake writes no path, so that a compiler cache serves other folders as well.
function(scalar_precompile target)
  file(CONFIGURE OUTPUT "${target}.cpp" CONTENT "")
  add_library(${target} OBJECT EXCLUDE_FROM_ALL "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  target_compile_features(${target} PRIVATE cxx_std_20)
  scalar_warnings(${target})
  target_precompile_headers(${target} PRIVATE ${ARGN} <algorithm> <array> <atomic> <bit> <chrono> <cmath> <concepts>
    <condition_variable> <coroutine> <cstdint> <cstring> <deque> <functional> <limits> <map> <memory> <mutex> <numeric>
    <optional> <set> <span> <sstream> <stop_token> <string> <string_view> <thread> <tuple> <unordered_map> <utility>
    <variant> <vector>)
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
