# cmake -DPROGRAM= -DDATA= -P train_processes.cmake: two processes train together. CMake runs the commands of one
# execute_process side by side.
set(job "${CMAKE_COMMAND}" -E env SCALAR_PEERS=2 SCALAR_COORDINATOR=127.0.0.1:47115)
execute_process(COMMAND ${job} SCALAR_RANK=0 "${PROGRAM}" "${DATA}" COMMAND ${job} SCALAR_RANK=1 "${PROGRAM}" "${DATA}"
  RESULTS_VARIABLE results OUTPUT_VARIABLE printed ERROR_VARIABLE errors)
message("${printed}${errors}")
if(NOT results STREQUAL "0;0" OR NOT printed MATCHES "^accuracy (1.00|0.9[0-9]), the model of one process: yes\n$")
  message(FATAL_ERROR "ended with ${results}")
endif()
