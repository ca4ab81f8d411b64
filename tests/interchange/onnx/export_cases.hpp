#pragma once
/// Exported models with inputs and our predictions, written to a folder for check_export.py.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "scalar/core/json.hpp"
#include "scalar/data/prediction.hpp"
#include "scalar/data/table.hpp"
#include "support/golden.hpp"
#include "support/temporary_directory.hpp"

namespace test {

/// The Python that has the packages onnx and onnxruntime, or "".
inline std::string python_with_onnx() {
  const char* python = std::getenv("SCALAR_TEST_PYTHON");
  if (python == nullptr) return {};
  const std::string probe = "'" + std::string(python) + "' -c 'import onnx, onnxruntime' > /dev/null 2>&1";
  return std::system(probe.c_str()) == 0 ? python : std::string();
}

/// A folder of cases. Numbers are written with all digits, missing ones as NaN, which Python reads.
class ExportCases {
 public:
  void add(const std::string& name, const std::string& onnx, const scalar::Table& inputs,
           const std::vector<scalar::InputColumn>& columns, const scalar::Prediction& expected) {
    std::ostringstream out;
    out << "{\"columns\": {";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      out << (i == 0 ? "" : ", ") << quoted(columns[i].name) << ": [";
      const scalar::Column& column = inputs.column(columns[i].name);
      for (std::int64_t row = 0; row < inputs.rows(); ++row) {
        const std::int64_t stored = inputs.stored_row(row);
        if (row > 0) out << ", ";
        if (columns[i].is_text)
          out << quoted(column.is_missing(stored) ? std::string() : std::string(column.text(stored)));
        else
          out << number(column.number(stored));
      }
      out << "]";
    }
    out << "}";
    finish(name, onnx, std::move(out), expected);
  }

  void add(const std::string& name, const std::string& onnx, scalar::FloatMatrix inputs,
           const scalar::Prediction& expected) {
    std::ostringstream out;
    out << "{\"dense\": " << rows_of(inputs);
    finish(name, onnx, std::move(out), expected);
  }

  /// True if the judges agree with all cases; their words go to standard output.
  bool hold(const std::string& python) const {
    const std::string command = "ORT_DISABLE_TELEMETRY=1 '" + python + "' '" +
                                source_file("tests/interchange/onnx/check_export.py") + "' '" + folder_.path() +
                                "' 2>&1";
    return std::system(command.c_str()) == 0;
  }

 private:
  static std::string quoted(const std::string& text) {
    std::string result;
    scalar::json::append_string(result, text);
    return result;
  }
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    std::ostringstream out;
    out << std::setprecision(17) << value;
    return out.str();
  }
  template <class T>
  static std::string rows_of(const scalar::MatrixView<const T>& matrix) {
    std::string text = "[";
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
      text += i == 0 ? "[" : ", [";
      for (std::int64_t j = 0; j < matrix.columns; ++j)
        text += (j == 0 ? "" : ", ") + number(static_cast<double>(matrix(i, j)));
      text += "]";
    }
    return text + "]";
  }
  void finish(const std::string& name, const std::string& onnx, std::ostringstream out,
              const scalar::Prediction& expected) {
    out << ", \"outputs\": " << rows_of(expected.matrix());
    if (!expected.classes.empty()) {
      out << ", \"labels\": [";
      for (std::int64_t row = 0; row < expected.rows; ++row)
        out << (row == 0 ? "" : ", ") << quoted(expected.label(row));
      out << "]";
    }
    write_file(folder_ / (name + ".json"), out.str() + "}");
    write_file(folder_ / (name + ".onnx"), onnx);
  }

  TemporaryDirectory folder_;
};

}  // namespace test
