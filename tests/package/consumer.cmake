# cmake -DCONSUMER= -DBINARY= -DPROGRAMS= -DPREFIX= -DSOURCE_DIR= -DGENERATOR= -DCXX= -DCXX_FLAGS= -DLAUNCHER=
# [-DLINKER_FLAGS=] -P consumer.cmake:
# configures and builds a project from nothing, and runs its programs.
file(REMOVE_RECURSE "${BINARY}")
function(run what)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${folder}" RESULT_VARIABLE failed OUTPUT_VARIABLE text ERROR_VARIABLE text)
  message("${text}")
  if(failed)
    message(FATAL_ERROR "${what} failed: ${failed}")
  endif()
endfunction()

set(folder ".")
run("configuring" "${CMAKE_COMMAND}" -S "${CONSUMER}" -B "${BINARY}" -G "${GENERATOR}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
  "-DSCALAR_SOURCE_DIR=${SOURCE_DIR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}"
  "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_EXE_LINKER_FLAGS=${LINKER_FLAGS}" -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0" --no-warn-unused-cli)
run("building" "${CMAKE_COMMAND}" --build "${BINARY}" --parallel 2)
set(folder "${BINARY}")
string(REPLACE "," ";" programs "${PROGRAMS}")
foreach(program IN LISTS programs)
  run("${program}" "${BINARY}/${program}")
endforeach()
