#pragma once
// What the include check must notice: a folder of the room that this one must not use.
#include "scalar/bsp/async/wrong.hpp"
