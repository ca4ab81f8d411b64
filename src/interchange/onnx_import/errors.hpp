#pragma once
/// How readers of ONNX graphs refuse a node.
#include <string>
#include <string_view>
#include <utility>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "interchange/onnx/model.hpp"

namespace scalar::inline v0::interchange::onnx {

inline constexpr std::string_view model_place = "ONNX model";

/// A node as messages call it, such as `the Scaler node that makes "variable1"`.
inline std::string describe(const Node& node) {
  return fmt::format("the {} node that makes {}", shown(node.op_type),
                     quoted(node.outputs.empty() ? std::string() : node.outputs.front()));
}

/// Throws `Errc::unsupported`: canonical parameters cannot hold what the node does.
template <class... Arguments>
[[noreturn]] void refuse(const Node& node, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::unsupported, model_place, "{} {}", describe(node),
       fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Throws `Errc::corrupt`: the node does not make sense.
template <class... Arguments>
[[noreturn]] void corrupt(const Node& node, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fail(Errc::corrupt, model_place, "{} {}", describe(node), fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace scalar::inline v0::interchange::onnx
