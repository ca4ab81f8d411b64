#pragma once
/// Data: tables, datasets, encoders, the stores they come from and the formats they come in.
#include "scalar/core/error.hpp"
#include "scalar/data/batch.hpp"
#include "scalar/data/column.hpp"
#include "scalar/data/csv.hpp"
#include "scalar/data/dataset.hpp"
#include "scalar/data/encoder.hpp"
#include "scalar/data/idx.hpp"
#include "scalar/data/named_value.hpp"
#include "scalar/data/schema.hpp"
#include "scalar/data/store.hpp"
#include "scalar/data/table.hpp"
#include "scalar/data/uri.hpp"
