#include "serve/request_form.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/fail.hpp"
#include "core/quoted.hpp"
#include "scalar/core/json.hpp"
#include "serve/infer_json.hpp"
#include "serve/row_batch.hpp"

namespace scalar::inline v0::serve {
namespace {

constexpr Errc bad = Errc::invalid_argument;

void check_rows(const RowSignature& rows, const std::string& place) {
  if (rows.inputs.empty()) fail(bad, place, "the signature has no inputs");
  if (rows.outputs < 1) fail(bad, place, "the signature has {} outputs, expected 1 or more", rows.outputs);
  if (!rows.classes.empty() && static_cast<std::int64_t>(rows.classes.size()) != rows.outputs)
    fail(bad, place, "the signature has {} classes and {} outputs, expected as many", rows.classes.size(),
         rows.outputs);
  for (const InputColumn& input : rows.inputs)
    if (input.is_text && rows.is_numeric)
      fail(bad, place, "the input {} is a text, so the inputs are not numeric", scalar::quoted(input.name));
  if (rows.prefers_dense && !rows.is_numeric) fail(bad, place, "the signature prefers dense input, but is not numeric");
}

void check_names(const std::vector<TensorInfo>& tensors, const char* what, const std::string& place) {
  std::unordered_set<std::string_view> names;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.name.empty() || !json::is_utf8(tensor.name))
      fail(bad, place, "an {} has no name, or one that is not UTF-8", what);
    if (!names.insert(tensor.name).second) fail(bad, place, "the {} {} comes twice", what, scalar::quoted(tensor.name));
  }
}

void check_shapes(const std::vector<TensorInfo>& tensors, const char* what, const std::string& place) {
  for (const TensorInfo& tensor : tensors) {
    if (tensor.shape.size() > most_dimensions)
      fail(bad, place, "the {} {} has {} dimensions, expected at most {}", what, scalar::quoted(tensor.name),
           tensor.shape.size(), most_dimensions);
    if (std::any_of(tensor.shape.begin(), tensor.shape.end(), [](std::int64_t size) { return size < -1; }))
      fail(bad, place, "the {} {} has the shape {}, expected lengths, or -1 for any", what, scalar::quoted(tensor.name),
           shape_text(tensor.shape));
    if (tensor.batched && tensor.shape.empty())
      fail(bad, place, "the {} {} is batched, but has no dimension that counts rows", what,
           scalar::quoted(tensor.name));
  }
}

}  // namespace

RequestForm request_form(const Servable& servable, const std::string& place) {
  const Signature& signature = servable.signature();
  RequestForm form{.inputs = signature.inputs, .outputs = signature.outputs, .is_batched = signature.is_batched()};
  if (const RowSignature* rows = servable.rows()) {
    check_rows(*rows, place);
    form.is_of_rows = true;
    form.inputs = column_tensors(*rows);
    if (rows->is_numeric) form.dense = dense_tensor(*rows);
    form.lists_dense = rows->prefers_dense;
    for (const std::string& label : rows->classes)
      form.label_bytes = std::max<std::uint64_t>(form.label_bytes, label.size());
    form.doubles_per_row = static_cast<std::uint64_t>(rows->outputs);
  }
  if (form.inputs.empty()) fail(bad, place, "the signature has no inputs");
  if (form.outputs.empty()) fail(bad, place, "the signature has no outputs");
  if (!form.dense) check_names(form.inputs, "input", place);  // otherwise columns may come as one tensor, without names
  check_names(form.outputs, "output", place);
  check_shapes(form.inputs, "input", place);
  check_shapes(form.outputs, "output", place);
  return form;
}

}  // namespace scalar::inline v0::serve
