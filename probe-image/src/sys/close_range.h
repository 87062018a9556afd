#pragma once

namespace netcheck::probe {

/// Closes the descriptors from `first` to `last`, those that are open among them.
void CloseRange(unsigned first, unsigned last);

}  // namespace netcheck::probe
