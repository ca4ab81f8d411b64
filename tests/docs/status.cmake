# cmake -DREADME= -DSOURCE= -P status.cmake: what README.md says is there, is in the tree, and what it says is not there
# yet, is not.
file(READ "${README}" text)
string(FIND "${text}" "\nWorks now: " works_at)
string(FIND "${text}" "\nNot there yet: " missing_at)
string(FIND "${text}" "\n## License" end_at)
if(works_at EQUAL -1 OR missing_at LESS works_at OR end_at LESS missing_at)
  message(FATAL_ERROR "README.md has no \"Works now: \" before its \"Not there yet: \" before \"## License\"")
endif()
math(EXPR works_length "${missing_at} - ${works_at}")
math(EXPR missing_length "${end_at} - ${missing_at}")
string(SUBSTRING "${text}" ${works_at} ${works_length} works)
string(SUBSTRING "${text}" ${missing_at} ${missing_length} missing)
foreach(part IN ITEMS works missing)
  string(REGEX REPLACE "[ \n]+" " " ${part} "${${part}}")
endforeach()

# words of README | a file, or a glob, that is there when the words are true
set(facts
  "ridge|include/scalar/spec/linear_regression.hpp" "logistic|include/scalar/spec/logistic_regression.hpp"
  "multilayer perceptrons|include/scalar/spec/multilayer_perceptron.hpp"
  "boosted trees|include/scalar/spec/gradient_boosted_trees.hpp"
  "XGBoost|src/backend/xgboost/*.cpp" "LightGBM|src/backend/lightgbm/*.cpp" "PyTorch|src/backend/*torch*/*.cpp"
  "TensorFlow|src/backend/tensorflow/*.cpp" "mlpack|src/backend/mlpack/*.cpp"
  "ONNX|src/backend/onnx*/*.cpp" "GPU|src/*.cu"
  "TCP|src/bsp/tcp/tcp.cpp" "MPI|src/bsp/mpi/mpi.cpp" "checkpoints|include/scalar/bsp/runs/checkpoint.hpp"
  "recovery|tests/bsp/recovery/*.cpp" "distributed trees|tests/backend/native/trees/*peers*" "graph algorithms|src/graph/algorithms/pagerank.cpp"
  "binary tensors|src/serve/chunks.cpp" "gRPC|src/serve/grpc*" "TLS in the server|src/serve/tls*"
  "authentication|src/serve/auth*" "tenants|src/serve/tenant*" "dynamic batching|src/predictor/*batcher*"
  "S3|src/data/s3*" "HDFS|src/data/*hdfs*" "HTTP stores|src/data/http*" "tuning|src/tune/*"
  "branches and loops|include/scalar/flow/*branch*" "early stopping|src/backend/rounds.cpp")
set(mistakes "")
foreach(fact IN LISTS facts)
  string(REGEX MATCH "^([^|]+)\\|(.+)$" matched "${fact}")
  set(words "${CMAKE_MATCH_1}")
  set(pattern "${CMAKE_MATCH_2}")
  if(pattern MATCHES "^src/\\*")
    file(GLOB_RECURSE found "${SOURCE}/${pattern}")
  else()
    file(GLOB found "${SOURCE}/${pattern}")
  endif()
  string(FIND "${works}" "${words}" in_works)
  string(FIND "${missing}" "${words}" in_missing)
  if(found AND (in_works EQUAL -1 OR NOT in_missing EQUAL -1))
    list(APPEND mistakes "${pattern} is in the tree: \"${words}\" belongs in \"Works now\" only")
  elseif(NOT found AND (in_missing EQUAL -1 OR NOT in_works EQUAL -1))
    list(APPEND mistakes "${pattern} is not in the tree: \"${words}\" belongs in \"Not there yet\" only")
  endif()
endforeach()

# A backend that nobody has told this test about.
file(GLOB backends RELATIVE "${SOURCE}/src/backend" "${SOURCE}/src/backend/*")
foreach(backend IN LISTS backends)
  string(TOLOWER "${works}" lower)
  string(FIND "${lower}" "${backend}" at)
  if(IS_DIRECTORY "${SOURCE}/src/backend/${backend}" AND at EQUAL -1)
    list(APPEND mistakes "src/backend/${backend} is not among what \"works now\"")
  endif()
endforeach()

# Every room has a line in the table of rooms, and every line a room.
file(STRINGS "${SOURCE}/CMakeLists.txt" line REGEX "^foreach\\(room IN ITEMS")
string(REGEX REPLACE "^foreach\\(room IN ITEMS +|\\)$" "" rooms "${line}")
string(REPLACE " " ";" rooms "${rooms}")
list(SORT rooms)
file(STRINGS "${README}" lines REGEX "^[|] [a-z]+ [|] .*docs/[a-z_]+[.]md")
set(told "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^[|] ([a-z]+) .*" "\\1" name "${line}")
  list(APPEND told "${name}")
endforeach()
list(SORT told)
if(NOT told STREQUAL rooms)
  list(APPEND mistakes "the table of rooms has ${told}, the tree has ${rooms}")
endif()
if(mistakes)
  list(JOIN mistakes "\n  " text)
  message(FATAL_ERROR "\n  ${text}")
endif()
