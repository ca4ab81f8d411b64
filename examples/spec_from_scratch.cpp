// A spec of your own: a model family that Scalar does not have, trained, saved, loaded and served like any other.
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <scalar/model/register_spec.hpp>
#include <scalar/scalar.hpp>
#include <scalar/spec/parameters.hpp>

namespace mine {

/// The canonical parameters: what is learned, whichever backend learns it.
struct Centroids {
  std::int64_t features = 0, classes = 0;
  std::vector<float> values{};  // [classes, features]
};
// How the parameters are stored.
std::vector<std::byte> to_bytes(const Centroids& centroids) {
  scalar::TensorWriter writer;
  writer.add("centroids", {centroids.classes, centroids.features}, std::span(centroids.values));
  return writer.finish();
}
void from_bytes(std::span<const std::byte> bytes, Centroids& centroids) {
  std::vector<std::int64_t> shape;
  centroids.values = scalar::TensorReader(bytes).read<float>("centroids", &shape);
  if (shape.size() != 2) throw scalar::Error(scalar::Errc::corrupt, "centroids are no matrix");
  centroids.classes = shape[0];
  centroids.features = shape[1];
}

// How the parameters predict: the nearer a centroid, the more probable its class.
class Nearest final : public scalar::CompiledModel::Interface {
 public:
  explicit Nearest(Centroids centroids) : centroids_(std::move(centroids)) {}
  std::int64_t features() const noexcept override { return centroids_.features; }
  std::int64_t margins() const noexcept override { return centroids_.classes; }
  std::int64_t outputs() const noexcept override { return centroids_.classes; }
  void margins(scalar::FloatMatrix rows, scalar::BatchOut out) const override {
    for (std::int64_t i = 0; i < rows.rows; ++i)
      for (std::int64_t k = 0; k < centroids_.classes; ++k) {
        double squares = 0;
        for (std::int64_t j = 0; j < centroids_.features; ++j) {
          const double d = rows.row(i)[std::size_t(j)] - centroids_.values[std::size_t(k * centroids_.features + j)];
          squares += d * d;
        }
        out.row(i)[std::size_t(k)] = -squares;
      }
  }
  void predict(scalar::FloatMatrix rows, scalar::BatchOut out) const override {
    margins(rows, out);
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      const std::span<double> row = out.row(i);
      const double largest = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (double& value : row) sum += value = std::exp(value - largest);
      for (double& value : row) value /= sum;
    }
  }

 private:
  Centroids centroids_;
};
scalar::CompiledModel compile(const Centroids& centroids, const scalar::Runtime&) {
  return scalar::CompiledModel(std::make_shared<Nearest>(centroids));
}

/// The spec: what to learn. Each class is the mean of its rows.
struct NearestCentroid {
  static constexpr std::string_view name = "nearest_centroid";  // in model files: never change it
  static constexpr auto fields() { return std::tuple{}; }
  scalar::TargetKind target() const { return scalar::TargetKind::classification; }
  scalar::Encoding default_encoding() const { return {}; }
};

}  // namespace mine
template <>
struct scalar::ParametersOf<mine::NearestCentroid> {
  using type = mine::Centroids;
};
namespace mine {

/// The backend that learns the spec.
struct Averages {
  std::string_view name() const { return "averages"; }
  scalar::Support supports(const NearestCentroid&, int peers) const {
    return peers == 1 ? scalar::Support{} : scalar::Support{{"averages learns with one peer"}};
  }
  Centroids fit(const NearestCentroid&, const scalar::Dataset& data, const scalar::FitOptions& options,
                const scalar::Runtime&) const {
    if (options.stop.stop_requested()) throw scalar::Error(scalar::Errc::canceled, "asked to stop", "averages");
    if (options.transport) throw scalar::Error(scalar::Errc::unsupported, "learns in one process", "averages");
    Centroids result{.features = data.columns(), .classes = std::int64_t(data.classes().size())};
    result.values.resize(std::size_t(result.features * result.classes));
    std::vector<double> rows(data.classes().size());
    for (std::int64_t i = 0; i < data.rows(); ++i) rows[std::size_t(data.target(i))] += data.weight(i);
    for (std::int64_t i = 0; i < data.rows(); ++i)
      for (std::int64_t j = 0; j < data.columns(); ++j)
        result.values[std::size_t(std::int64_t(data.target(i)) * result.features + j)] +=
            float(data.weight(i) * data.row(i)[std::size_t(j)] / rows[std::size_t(data.target(i))]);
    return result;
  }
};

const bool registered = scalar::register_spec<NearestCentroid>();  // so that models of this spec can be loaded

}  // namespace mine

int main(int argc, char** argv) {
  using namespace scalar;
  const auto [train, test] =
      data::read_csv(argc > 1 ? argv[1] : "examples/data/penguins.csv", {.label = "species"}).split({.seed = 7});
  const auto model = Trainer{mine::NearestCentroid{}, mine::Averages{}}.fit(train);
  const auto path = std::filesystem::temp_directory_path() / ("nearest_centroid." + std::to_string(::getpid()));
  model.save(path.string());
  const AnyModel loaded = AnyModel::load(path.string());
  std::filesystem::remove_all(path);
  std::printf("%s: accuracy %s\n", std::string(loaded.spec_name()).c_str(),
              metrics::accuracy(loaded, test) > 0.9 ? "above 0.9" : "0.9 or less");
}
