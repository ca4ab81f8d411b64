# cmake -DSOURCE=<root> -P includes.cmake: every include points down the layers of docs/design.md, section "Rooms".
# A room may include the rooms in the lines above its own; rooms of one line do not include each other.
set(layers
  "core"
  "data,report"
  "bsp,cache,metrics"
  "spec"
  "backend"
  "model"
  "trainer,predictor"
  "graph,neuron,tune,flow"
  "serve,launch")
set(level 0)
foreach(line IN LISTS layers)
  string(REPLACE "," ";" rooms "${line}")
  foreach(room IN LISTS rooms)
    set(level_${room} ${level})
  endforeach()
  math(EXPR level "${level} + 1")
endforeach()

# Heavy headers stay in src/; these are banned from public headers outside an adapter's own folder.
set(banned "iostream|regex|execution|filesystem|ranges|memory_resource|random|thread|boost/.*|tbb/.*|oneapi/.*|cereal/.*|fmt/.*|Eigen/.*|simdjson.h|openssl/.*|xgboost/.*|mpi.h")
# What a user includes to have messages of a library's types: such a header is about that library, and nothing includes it.
set(library_headers "bsp/messages/(cereal|boost_serialization)[.]hpp")

set(mistakes "")
set(checked 0)
foreach(root IN ITEMS include/scalar src)
  file(GLOB_RECURSE files RELATIVE "${SOURCE}/${root}" "${SOURCE}/${root}/*.hpp" "${SOURCE}/${root}/*.cpp" "${SOURCE}/${root}/*.inl")
  foreach(file IN LISTS files)
    string(REGEX REPLACE "[/.].*" "" room "${file}")
    if(room STREQUAL "scalar")
      continue()  # the umbrella
    endif()
    if(NOT DEFINED level_${room})
      list(APPEND mistakes "${root}/${file} is in no room of the layers")
      continue()
    endif()
    math(EXPR checked "${checked} + 1")
    file(STRINGS "${SOURCE}/${root}/${file}" includes REGEX "^#include")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "#include +[\"<]([^\">]+)[\">].*" "\\1" included "${line}")
      string(REGEX REPLACE "^scalar/" "" inner "${included}")
      string(REGEX REPLACE "[/.].*" "" target "${inner}")
      if(line MATCHES "<" AND NOT included MATCHES "^scalar/")
        if(root STREQUAL "include/scalar" AND included MATCHES "^(${banned})$" AND NOT file MATCHES "^${library_headers}$")
          list(APPEND mistakes "${file} includes <${included}>, which belongs in src/")
        endif()
      elseif(DEFINED level_${target} AND NOT target STREQUAL room AND NOT level_${target} LESS level_${room})
        list(APPEND mistakes "${file} includes ${included}: ${room} may only use rooms below it")
      endif()
    endforeach()
  endforeach()
endforeach()
if(mistakes)
  list(JOIN mistakes "\n  " text)
  message(FATAL_ERROR "\n  ${text}")
endif()
if(checked LESS 1)
  message(FATAL_ERROR "no file was checked below ${SOURCE}")
endif()
message("${checked} files")
