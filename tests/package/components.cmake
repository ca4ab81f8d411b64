# cmake -DCONSUMER= -DBINARY= -DPREFIX= -DVERSION= ... -P components.cmake: what find_package answers to good and bad wishes.
set(number 0)
# ask(<find_package arguments> <yes|no> <a regular expression of what is printed>)
function(ask wish answer expected)
  math(EXPR number "${number} + 1")
  set(number ${number} PARENT_SCOPE)
  set(binary "${BINARY}/${number}")
  file(REMOVE_RECURSE "${binary}")
  execute_process(COMMAND "${CMAKE_COMMAND}" -S "${CONSUMER}" -B "${binary}" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
      "-DCMAKE_CXX_COMPILER=${CXX}" "-DWISH=${wish}" ${ARGN}
    RESULT_VARIABLE failed OUTPUT_VARIABLE text ERROR_VARIABLE text)
  string(REGEX REPLACE "[ \n]+" " " flat "${text}")  # CMake wraps its messages
  if(failed AND answer STREQUAL "yes" OR NOT failed AND answer STREQUAL "no")
    message(FATAL_ERROR "find_package(Scalar ${wish}) should answer ${answer}:\n${text}")
  endif()
  if(NOT flat MATCHES "${expected}")
    message(FATAL_ERROR "find_package(Scalar ${wish}) should print \"${expected}\":\n${text}")
  endif()
endfunction()

string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" minor "${VERSION}")
math(EXPR next "${CMAKE_MATCH_2} + 1")
ask("REQUIRED" yes "targets: [^\n]*Scalar::scalar")
ask("${minor} REQUIRED COMPONENTS data" yes "found ${VERSION}, targets: Scalar::core Scalar::data [.]")
ask("REQUIRED COMPONENTS data OPTIONAL_COMPONENTS warp" yes "warp_FOUND: FALSE")
ask("REQUIRED COMPONENTS warp" no
  "Scalar was installed without the component warp; it has core, data, [^.]*serve, scalar")
ask("COMPONENTS warp" yes "FOUND: FALSE")
ask("${CMAKE_MATCH_1}.${next} REQUIRED" no "version: ${VERSION}")
ask("1.0 REQUIRED" no "version: ${VERSION}")
# A component whose package is missing says which; one that does not need it is still there.
ask("REQUIRED COMPONENTS data" no "the component data needs the package ZLIB, which was not found"
  -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON)
ask("REQUIRED COMPONENTS serve" yes "targets: [^.]*Scalar::serve" -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON
  -DCMAKE_DISABLE_FIND_PACKAGE_Boost=ON)  # headers that only Scalar's own sources include
ask("REQUIRED COMPONENTS core OPTIONAL_COMPONENTS data" yes "data_FOUND: FALSE" -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON)
file(GLOB_RECURSE mpi "${PREFIX}/*/Scalar-mpi.cmake")
if(mpi)
  ask("REQUIRED COMPONENTS mpi" yes "targets: [^.]*Scalar::mpi")
  ask("REQUIRED COMPONENTS mpi" no "the component mpi needs the package MPI, which was not found"
    -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON)
endif()
