#pragma once

/// Leaves the calling thread, and what it starts, only the right to write below `writable` (a list
/// that ends with NULL). Safe after vfork. Returns 0, or -1 with errno set.
int ferry_confine(const char *const writable[]);
