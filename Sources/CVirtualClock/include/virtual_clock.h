#pragma once
#include <stdint.h>

/// Sets all clocks of this process, in nanoseconds; with a negative number they are the machine's again.
void virtual_clock_set(int64_t nanoseconds);

/// What was set last, in nanoseconds.
int64_t virtual_clock_get(void);

/// The machine's monotonic clock in nanoseconds, whatever the virtual one says.
int64_t virtual_clock_machine_nanoseconds(void);
