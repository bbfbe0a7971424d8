// One HTTP request: libcurl's options are variadic, which Swift cannot call.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct ferry_transfer {
  const char *url;
  /// The proxy's address; NULL: as the environment says; empty: none.
  const char *proxy;
  /// Bytes that are there already: asks for the rest.
  int64_t offset;
  /// Seconds to connect, and seconds without a byte before giving up.
  long connect_seconds, stall_seconds;
  /// Takes bytes of a good answer: `start` is their place in the file. Returns 0, or 1 to stop.
  int (*write)(void *context, const void *bytes, size_t count, int64_t start);
  /// Called now and then; returns 1 to stop.
  int (*poll)(void *context);
  void *context;
  // Results.
  /// libcurl's code, 0 for a complete answer.
  int code;
  long status;
  /// The target of a redirect, or empty.
  char location[4096];
  /// The error message of libcurl.
  char message[256];
  /// Seconds that the server asks to wait, or 0.
  long retry_after;
};

/// Sends the request and fills the results. Follows no redirect. Returns 0 where it could start.
int ferry_transfer_run(struct ferry_transfer *transfer);

/// Whether a code may pass by itself: no route, a cut, a stall.
int ferry_transfer_is_temporary(int code);

/// Whether the transfer was stopped by `write` or `poll`.
int ferry_transfer_was_stopped(int code);
