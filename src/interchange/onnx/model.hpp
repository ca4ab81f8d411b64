#pragma once
/// ONNX models as plain structs, and their file form.
///
/// Source: the ONNX specification, onnx.proto of version 1.16 (IR version 10); names and numbers of fields are its own.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scalar/data/tensor.hpp"

namespace scalar::inline v0::interchange::onnx {

/// The domain of the operators of classical machine learning. That of all others is the empty text.
inline constexpr std::string_view ml_domain = "ai.onnx.ml";

/// Where the elements of a tensor lie if they are not in the model's file. `parse` has checked that the location stays
/// inside the folder of the model.
struct ExternalData {
  std::string location{};                ///< a relative path below the folder of the model's file
  std::int64_t offset = 0, length = -1;  ///< in bytes; a length of -1: to the end of the file

  friend bool operator==(const ExternalData&, const ExternalData&) = default;
};

/// TensorProto.
struct NamedTensor {
  std::string name{};
  Tensor tensor{};  ///< has no elements, whatever its shape, if they are external
  std::optional<ExternalData> external{};

  friend bool operator==(const NamedTensor&, const NamedTensor&) = default;
};

/// A value of an attribute that is kept as it is written: a graph, or a list of tensors or graphs.
struct Opaque {
  std::int64_t type = 0;  ///< AttributeProto.AttributeType: 5 is a graph
  std::string fields{};   ///< the fields of the AttributeProto other than its name and its type

  friend bool operator==(const Opaque&, const Opaque&) = default;
};

/// AttributeProto.
struct Attribute {
  using Value = std::variant<std::int64_t, float, std::string, NamedTensor, std::vector<std::int64_t>,
                             std::vector<float>, std::vector<std::string>, Opaque>;
  std::string name{};
  Value value{};

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// NodeProto. An input or output that is absent has an empty name.
struct Node {
  std::string op_type{}, domain{}, name{};
  std::vector<std::string> inputs{}, outputs{};
  std::vector<Attribute> attributes{};

  /// The attribute of that name, or null.
  const Attribute* find(std::string_view attribute) const noexcept;
  /// The value of the attribute of that name, or null if there is none. Errors: `Errc::corrupt` naming node and
  /// attribute if it is of another type.
  template <class T>
  const T* get(std::string_view attribute) const {
    const Attribute* found = find(attribute);
    if (found == nullptr) return nullptr;
    const T* value = std::get_if<T>(&found->value);
    if (value == nullptr) throw_attribute_type(*found);
    return value;
  }

  friend bool operator==(const Node&, const Node&) = default;

 private:
  [[noreturn]] void throw_attribute_type(const Attribute& attribute) const;
};

/// One length of a shape: a number, or -1 with the symbol that stands for it, if it has one.
struct Dimension {
  std::int64_t size = -1;
  std::string symbol{};

  friend bool operator==(const Dimension&, const Dimension&) = default;
};

/// ValueInfoProto: a value of the graph, which is a tensor unless `other` says what else.
struct ValueInfo {
  std::string name{};
  std::optional<DataType> type{};                 ///< nothing: not said
  std::optional<std::vector<Dimension>> shape{};  ///< nothing: of any rank
  std::string other{};  ///< the TypeProto, as it is written, of what is no tensor, such as a sequence of maps

  bool is_tensor() const noexcept { return other.empty(); }
  friend bool operator==(const ValueInfo&, const ValueInfo&) = default;
};

/// GraphProto. Nodes are in an order in which each comes after those whose outputs it reads.
struct Graph {
  std::string name{};
  std::vector<Node> nodes{};
  std::vector<ValueInfo> inputs{};  ///< may name initializers, too: before IR version 4 all of them had to be inputs
  std::vector<ValueInfo> outputs{};
  std::vector<NamedTensor> initializers{};
  std::vector<ValueInfo> values{};

  friend bool operator==(const Graph&, const Graph&) = default;
};

/// ModelProto.
struct Model {
  std::int64_t ir_version = 8;
  std::string producer_name{}, producer_version{};
  std::vector<std::pair<std::string, std::int64_t>> opsets{};  ///< the version of each domain, such as {"", 13}
  Graph graph{};
  std::vector<std::pair<std::string, std::string>> metadata{};
  bool has_functions = false;  ///< the file defines operators of its own, which are not kept

  /// The version of the operators of `domain` ("ai.onnx" is ""); 0 if the model does not use the domain.
  std::int64_t opset(std::string_view domain) const noexcept;
  friend bool operator==(const Model&, const Model&) = default;
};

/// Reads an ONNX file. What operators mean and whether values fit together is not checked.
///
/// Memory: the elements of tensors once, as they are in memory; at most some thirty times the file if it consists of
/// nothing but the smallest of nodes. Errors: `Errc::parse`, naming offset, message and field, for bytes that are not
/// ONNX; `Errc::corrupt`, naming tensor or node, where the parts of a tensor disagree, a name is missing, or external
/// data lies outside the model's folder; `Errc::unsupported` for element types that no DataType stands for.
Model parse(std::string_view file);

/// Writes an ONNX file. Errors: `Errc::too_large` for more than 2 GiB, which Protocol Buffers cannot read.
std::string serialize(const Model& model);

/// TensorProto.DataType of a type.
std::int64_t code_of(DataType type) noexcept;
/// The type of a TensorProto.DataType. Errors: `Errc::unsupported` naming `what` and the type.
DataType type_of(std::int64_t code, std::string_view what);

}  // namespace scalar::inline v0::interchange::onnx
