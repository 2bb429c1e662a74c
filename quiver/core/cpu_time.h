// CPU time: the seconds that processors have spent on this process, all of its threads together. On a machine that
// others share it says what work costs, where a clock on the wall says how busy they were.
//
//   const double before = cpu_seconds();
//   ...
//   const double cost = cpu_seconds() - before;
//
// Thread-safety: a pure read of the kernel's counter. Cost: one system call.
#pragma once

namespace quiver {

double cpu_seconds() noexcept;

}  // namespace quiver
