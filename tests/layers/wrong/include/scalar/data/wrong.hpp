#pragma once
// What the include check must notice: a room above, and a heavy header.
#include <iostream>

#include "scalar/model.hpp"
