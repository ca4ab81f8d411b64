# cmake -DCXX= -DFILE= -DINCLUDE= -DMISTAKE= -DEXPECTED= -P check.cmake: mistake 0 compiles, the others fail with one error
# that contains the expected sentence.
execute_process(COMMAND "${CXX}" -std=c++20 -I "${INCLUDE}" -DMISTAKE=${MISTAKE} -fsyntax-only "${FILE}"
  ERROR_VARIABLE text RESULT_VARIABLE result)
if(MISTAKE EQUAL 0)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "the control does not compile:\n${text}")
  endif()
  return()
endif()
string(REGEX MATCHALL "error: " errors "${text}")
list(LENGTH errors count)
if(result EQUAL 0 OR NOT count EQUAL 1 OR NOT text MATCHES "${EXPECTED}")
  message(FATAL_ERROR "expected one error with \"${EXPECTED}\", got ${count}:\n${text}")
endif()
