# cmake -DPROGRAM= -DDATA= -P train_processes.cmake: two processes train together, and each prints that it has the model
# of one process. The shell runs them side by side; commands of one execute_process would be a pipeline, in which the
# first dies of SIGPIPE when the second ends before it.
string(RANDOM LENGTH 4 ALPHABET 0123456789 digits)  # a port below those that the system gives out itself
set(ENV{SCALAR_COORDINATOR} 127.0.0.1:2${digits})
set(ENV{SCALAR_PEERS} 2)
execute_process(COMMAND sh -c "SCALAR_RANK=1 \"$0\" \"$1\" & SCALAR_RANK=0 \"$0\" \"$1\"; zero=$?; wait $! && exit $zero"
  "${PROGRAM}" "${DATA}" RESULT_VARIABLE result OUTPUT_VARIABLE printed ERROR_VARIABLE errors)
message("${printed}${errors}")
set(line "accuracy (1.00|0.9[0-9]), the model of one process: yes\n")
if(NOT result STREQUAL "0" OR NOT printed MATCHES "^${line}${line}$")
  message(FATAL_ERROR "ended with ${result}")
endif()
