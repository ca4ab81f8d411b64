#pragma once
/// Graphs: building, reading, generating and partitioning them, vertex programs, algorithms. See docs/graph.md.
#include "scalar/core/error.hpp"
#include "scalar/graph/build.hpp"
#include "scalar/graph/generate.hpp"
#include "scalar/graph/graph.hpp"
#include "scalar/graph/partition.hpp"
#include "scalar/graph/read.hpp"
#include "scalar/graph/write.hpp"
