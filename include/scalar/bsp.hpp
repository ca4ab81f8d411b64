#pragma once
/// Bulk-synchronous parallel programs: peers as coroutines, mailboxes, collectives. See docs/bsp.md.
#include "scalar/bsp/aborted.hpp"
#include "scalar/bsp/collectives.hpp"
#include "scalar/bsp/engine.hpp"
#include "scalar/bsp/executor.hpp"
#include "scalar/bsp/mailbox.hpp"
#include "scalar/bsp/peer.hpp"
#include "scalar/bsp/task.hpp"
