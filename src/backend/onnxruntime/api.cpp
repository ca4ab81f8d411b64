#include "backend/onnxruntime/api.hpp"

#include <type_traits>

namespace scalar::inline v0::backend::onnxruntime {

Api::Api(const void* const* table) {
  const auto set = [table](auto*& function, std::size_t position) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(const_cast<void*>(table[position]));
  };
  set(error_code, 1);                 // GetErrorCode
  set(error_message, 2);              // GetErrorMessage
  set(create_env, 4);                 // CreateEnvWithCustomLogger
  set(disable_telemetry, 6);          // DisableTelemetryEvents
  set(create_session, 8);             // CreateSessionFromArray
  set(run, 9);                        // Run
  set(create_session_options, 10);    // CreateSessionOptions
  set(set_log_id, 20);                // SetSessionLogId
  set(set_intra_op_threads, 24);      // SetIntraOpNumThreads
  set(set_inter_op_threads, 25);      // SetInterOpNumThreads
  set(input_count, 30);               // SessionGetInputCount
  set(output_count, 31);              // SessionGetOutputCount
  set(input_type, 33);                // SessionGetInputTypeInfo
  set(output_type, 34);               // SessionGetOutputTypeInfo
  set(input_name, 36);                // SessionGetInputName
  set(output_name, 37);               // SessionGetOutputName
  set(create_tensor, 48);             // CreateTensorAsOrtValue
  set(wrap_tensor, 49);               // CreateTensorWithDataAsOrtValue
  set(tensor_data, 51);               // GetTensorMutableData
  set(fill_strings, 52);              // FillStringTensor
  set(strings_size, 53);              // GetStringTensorDataLength
  set(read_strings, 54);              // GetStringTensorContent
  set(tensor_info_of, 55);            // CastTypeInfoToTensorInfo
  set(value_type_of, 56);             // GetOnnxTypeFromTypeInfo
  set(element_type, 60);              // GetTensorElementType
  set(rank, 61);                      // GetDimensionsCount
  set(dimensions, 62);                // GetDimensions
  set(symbolic_dimensions, 63);       // GetSymbolicDimensions
  set(tensor_info, 65);               // GetTensorTypeAndShape
  set(create_memory_info, 69);        // CreateCpuMemoryInfo
  set(allocator_free, 76);            // AllocatorFree
  set(default_allocator, 78);         // GetAllocatorWithDefaultOptions
  set(element, 80);                   // GetValue
  set(element_count, 81);             // GetValueCount
  set(release_status, 93);            // ReleaseStatus
  set(release_memory_info, 94);       // ReleaseMemoryInfo
  set(release_session, 95);           // ReleaseSession
  set(release_value, 96);             // ReleaseValue
  set(release_type, 98);              // ReleaseTypeInfo
  set(release_tensor_info, 99);       // ReleaseTensorTypeAndShapeInfo
  set(release_session_options, 100);  // ReleaseSessionOptions
  set(map_info_of, 103);              // CastTypeInfoToMapTypeInfo
  set(sequence_info_of, 104);         // CastTypeInfoToSequenceTypeInfo
  set(map_value_type, 106);           // GetMapValueType
  set(sequence_element_type, 107);    // GetSequenceElementType
  set(add_config_entry, 130);         // AddSessionConfigEntry
}

}  // namespace scalar::inline v0::backend::onnxruntime
