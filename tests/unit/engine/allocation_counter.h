#pragma once

namespace netcheck::probe::test {

/// Calls of operator new in this program so far.
long AllocationCount();

}  // namespace netcheck::probe::test
