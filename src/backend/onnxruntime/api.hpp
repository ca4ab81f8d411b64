#pragma once
/// Api: the functions of ONNX Runtime's C API that the adapter needs.
#include <cstddef>
#include <cstdint>

namespace scalar::inline v0::backend::onnxruntime {

// What the C API points to without saying what it is.
struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct Allocator;
struct TypeInfo;
struct TensorTypeInfo;
struct SequenceInfo;
struct MapInfo;

/// `ONNXType`: what a value is.
enum class ValueType : int {
  unknown = 0,
  tensor = 1,
  sequence = 2,
  map = 3,
  opaque = 4,
  sparse_tensor = 5,
  optional = 6
};

using LogFunction = void (*)(void* parameter, int severity, const char* category, const char* id, const char* location,
                             const char* message);

/// `OrtApi` is a table of function pointers to which each version of ONNX Runtime appends some, so a function's place
/// in it never changes. The places in `Api(table)` and the signatures here are those of onnxruntime_c_api.h; all were
/// there in version 16. Functions that return a Status return null when they succeed. Types of elements
/// (`ONNXTensorElementDataType`) and severities of messages (`OrtLoggingLevel`) are plain numbers.
struct Api {
  explicit Api(const void* const* table);

  int (*error_code)(const Status* status);
  const char* (*error_message)(const Status* status);
  void (*release_status)(Status* status);

  Status* (*create_env)(LogFunction log, void* parameter, int severity, const char* id, Env** env);
  Status* (*disable_telemetry)(const Env* env);
  Status* (*create_memory_info)(int allocator_type, int memory_type, MemoryInfo** info);
  void (*release_memory_info)(MemoryInfo* info);
  Status* (*default_allocator)(Allocator** allocator);
  Status* (*allocator_free)(Allocator* allocator, void* memory);

  Status* (*create_session_options)(SessionOptions** options);
  Status* (*set_log_id)(SessionOptions* options, const char* id);
  Status* (*set_intra_op_threads)(SessionOptions* options, int threads);
  Status* (*set_inter_op_threads)(SessionOptions* options, int threads);
  Status* (*add_config_entry)(SessionOptions* options, const char* key, const char* value);
  void (*release_session_options)(SessionOptions* options);

  Status* (*create_session)(const Env* env, const void* model, std::size_t size, const SessionOptions* options,
                            Session** session);
  Status* (*input_count)(const Session* session, std::size_t* count);
  Status* (*output_count)(const Session* session, std::size_t* count);
  Status* (*input_type)(const Session* session, std::size_t index, TypeInfo** type);
  Status* (*output_type)(const Session* session, std::size_t index, TypeInfo** type);
  Status* (*input_name)(const Session* session, std::size_t index, Allocator* allocator, char** name);
  Status* (*output_name)(const Session* session, std::size_t index, Allocator* allocator, char** name);
  /// An output that is null is allocated by ONNX Runtime; into another one it writes the result.
  Status* (*run)(Session* session, const RunOptions* options, const char* const* input_names,
                 const Value* const* inputs, std::size_t input_count, const char* const* output_names,
                 std::size_t output_count, Value** outputs);
  void (*release_session)(Session* session);

  Status* (*value_type_of)(const TypeInfo* type, ValueType* value_type);
  Status* (*tensor_info_of)(const TypeInfo* type, const TensorTypeInfo** info);  // lives as long as `type`
  Status* (*sequence_info_of)(const TypeInfo* type, const SequenceInfo** info);
  Status* (*map_info_of)(const TypeInfo* type, const MapInfo** info);
  Status* (*sequence_element_type)(const SequenceInfo* info, TypeInfo** type);
  Status* (*map_value_type)(const MapInfo* info, TypeInfo** type);
  void (*release_type)(TypeInfo* type);
  Status* (*element_type)(const TensorTypeInfo* info, int* type);
  Status* (*rank)(const TensorTypeInfo* info, std::size_t* rank);
  Status* (*dimensions)(const TensorTypeInfo* info, std::int64_t* sizes, std::size_t rank);
  Status* (*symbolic_dimensions)(const TensorTypeInfo* info, const char** names, std::size_t rank);
  void (*release_tensor_info)(TensorTypeInfo* info);

  Status* (*create_tensor)(Allocator* allocator, const std::int64_t* shape, std::size_t rank, int type, Value** value);
  /// A tensor over memory that stays the caller's.
  Status* (*wrap_tensor)(const MemoryInfo* memory, void* data, std::size_t bytes, const std::int64_t* shape,
                         std::size_t rank, int type, Value** value);
  Status* (*tensor_info)(const Value* value, TensorTypeInfo** info);
  Status* (*tensor_data)(Value* value, void** data);
  Status* (*fill_strings)(Value* value, const char* const* texts, std::size_t count);
  Status* (*strings_size)(const Value* value, std::size_t* bytes);
  Status* (*read_strings)(const Value* value, void* bytes, std::size_t size, std::size_t* offsets, std::size_t count);
  /// Element `index` of a sequence; of a map, 0 are its keys and 1 its values.
  Status* (*element)(const Value* value, int index, Allocator* allocator, Value** element);
  Status* (*element_count)(const Value* value, std::size_t* count);
  void (*release_value)(Value* value);
};

}  // namespace scalar::inline v0::backend::onnxruntime
