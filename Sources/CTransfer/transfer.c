#include "transfer.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct state {
  struct ferry_transfer *transfer;
  CURL *handle;
  /// Where the server says that its bytes begin, or -1.
  int64_t range_start;
  int64_t position;
  int is_started;
};

static size_t take_header(char *line, size_t size, size_t count, void *context) {
  struct state *state = context;
  const size_t length = size * count;
  char text[128];
  // A new status line: headers of an earlier answer (a proxy's, 100 Continue) no longer count.
  if (length > 5 && strncmp(line, "HTTP/", 5) == 0) state->range_start = -1;
  if (length < sizeof text && strncasecmp(line, "content-range:", 14) == 0) {
    memcpy(text, line + 14, length - 14);
    text[length - 14] = 0;
    long long start = -1;
    if (sscanf(text, " bytes %lld-", &start) == 1) state->range_start = start;
  }
  return length;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
  struct state *state = context;
  const size_t length = size * count;
  long status = 0;
  curl_easy_getinfo(state->handle, CURLINFO_RESPONSE_CODE, &status);
  // The text of an error or of a redirect is nobody's file.
  if (status != 200 && status != 206) return length;
  if (!state->is_started) {
    state->is_started = 1;
    state->position = status == 206 ? state->range_start : 0;
    if (state->position < 0) return 0;
  }
  if (state->transfer->write(state->transfer->context, bytes, length, state->position)) return 0;
  state->position += (int64_t)length;
  return length;
}

static int take_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                         curl_off_t up_now) {
  (void)total, (void)now, (void)up_total, (void)up_now;
  struct state *state = context;
  return state->transfer->poll(state->transfer->context);
}

static void start_library(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static void set_options(struct state *state) {
  CURL *handle = state->handle;
  struct ferry_transfer *transfer = state->transfer;
  curl_easy_setopt(handle, CURLOPT_URL, transfer->url);
  if (transfer->proxy) curl_easy_setopt(handle, CURLOPT_PROXY, transfer->proxy);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "ferry-fetch");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, transfer->connect_seconds);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, transfer->stall_seconds);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->message);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, state);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, state);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, take_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, state);
  if (transfer->offset > 0) {
    char range[32];
    snprintf(range, sizeof range, "%lld-", (long long)transfer->offset);
    // libcurl copies the text. CURLOPT_RESUME_FROM would make an answer without the range an error.
    curl_easy_setopt(handle, CURLOPT_RANGE, range);
  }
}

int ferry_transfer_run(struct ferry_transfer *transfer) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_library);
  transfer->location[0] = transfer->message[0] = 0;
  transfer->status = transfer->retry_after = 0;
  struct state state = {.transfer = transfer, .range_start = -1};
  state.handle = curl_easy_init();
  if (!state.handle) return -1;
  set_options(&state);
  const CURLcode code = curl_easy_perform(state.handle);
  transfer->code = (int)code;
  if (code != CURLE_OK && !transfer->message[0])
    snprintf(transfer->message, sizeof transfer->message, "%s", curl_easy_strerror(code));
  curl_easy_getinfo(state.handle, CURLINFO_RESPONSE_CODE, &transfer->status);
  char *location = NULL;
  curl_easy_getinfo(state.handle, CURLINFO_REDIRECT_URL, &location);
  if (location) snprintf(transfer->location, sizeof transfer->location, "%s", location);
  curl_off_t wait = 0;
  if (curl_easy_getinfo(state.handle, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
    transfer->retry_after = wait > 3600 ? 3600 : (long)wait;
  curl_easy_cleanup(state.handle);
  return 0;
}

int ferry_transfer_is_temporary(int code) {
  switch (code) {
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_PARTIAL_FILE:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_GOT_NOTHING:
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM: return 1;
  default: return 0;
  }
}

int ferry_transfer_was_stopped(int code) {
  return code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK;
}
