# cmake -DSOURCE=<root> -P includes.cmake: every include points down the layers of docs/design.md, section "Rooms".
# A room may include the rooms in the lines above its own; rooms of one line do not include each other.
set(layers
  "core"
  "data,report"
  "bsp,cache,metrics"
  "spec"
  "interchange"
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

# Folders of a room: which other folders of their room they may include, beside the room's ground. A room that is not
# listed has folders that may include each other.
set(folders
  "include/scalar|bsp/messages|detail"
  "include/scalar|bsp/collectives|detail|cost"
  "include/scalar|bsp/arrays|detail"
  "include/scalar|bsp/async|detail"
  "include/scalar|bsp/topology|detail|processes"
  "include/scalar|bsp/runs|detail"
  "include/scalar|bsp/cost|detail"
  "include/scalar|bsp/processes|detail"
  "include/scalar|bsp/detail|processes|messages|runs"
  "src|bsp/world|none"
  "src|bsp/engine|world|checkpoints"
  "src|bsp/checkpoints|world"
  "src|bsp/messages|world"
  "src|bsp/collectives|none"
  "src|bsp/arrays|none"
  "src|bsp/async|engine"
  "src|bsp/topology|none"
  "src|bsp/runs|world|engine|checkpoints"
  "src|bsp/cost|engine"
  "src|bsp/tcp|none"
  "src|bsp/mpi|none"
  "include/scalar|graph/algorithms|none"
  "include/scalar|graph/detail|none")
foreach(folder IN LISTS folders)
  string(REGEX MATCH "^([^|]+)[|]([^|]+)[|](.+)$" matched "${folder}")
  set(parts_${CMAKE_MATCH_1}_${CMAKE_MATCH_2} "${CMAKE_MATCH_3}")
endforeach()

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
    file(STRINGS "${SOURCE}/${root}/${file}" internals REGEX "[a-z]+::detail::")
    foreach(line IN LISTS internals)
      string(REGEX MATCHALL "[a-z_]+::detail::" names "${line}")
      foreach(name IN LISTS names)
        string(REGEX REPLACE "::.*" "" target "${name}")
        if(DEFINED level_${target} AND NOT target STREQUAL room)
          list(APPEND mistakes "${root}/${file} names ${name}, which is internal to ${target}")
        endif()
      endforeach()
    endforeach()
    set(part ${room})  # `bsp`, or a folder in it: `bsp/arrays`
    if(file MATCHES "^${room}/([^/]+)/")
      set(part "${room}/${CMAKE_MATCH_1}")
    endif()
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "#include +[\"<]([^\">]+)[\">].*" "\\1" included "${line}")
      string(REGEX REPLACE "^scalar/" "" inner "${included}")
      string(REGEX REPLACE "[/.].*" "" target "${inner}")
      if(target STREQUAL room AND DEFINED parts_${root}_${part})
        set(folder "")
        if(inner MATCHES "^${room}/([^/]+)/")
          set(folder ${CMAKE_MATCH_1})
        endif()
        # A source may use every public header of its room.
        if(folder AND NOT part STREQUAL "${room}/${folder}" AND NOT folder MATCHES "^(${parts_${root}_${part}})$"
           AND NOT (root STREQUAL "src" AND included MATCHES "^scalar/"))
          list(APPEND mistakes "${root}/${file} includes ${included}: of its room ${part} may only use ${parts_${root}_${part}}")
        endif()
      endif()
      if(inner MATCHES "/detail/" AND NOT target STREQUAL room)
        list(APPEND mistakes "${root}/${file} includes ${included}, which is internal to ${target}")
      endif()
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
