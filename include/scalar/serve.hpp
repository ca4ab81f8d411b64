#pragma once
/// Everything of the serve component.
#include "scalar/serve/options.hpp"
#include "scalar/serve/servable.hpp"
#include "scalar/serve/server.hpp"
#include "scalar/serve/statistics.hpp"
