#include "codecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decoder.h"

ferry_codec_status ferry_decoder_read(ferry_decoder *decoder, uint8_t *pixels, char *message) {
  return decoder->read(decoder, pixels, message);
}

void ferry_decoder_close(ferry_decoder *decoder) {
  if (decoder) decoder->close(decoder);
}

int ferry_bytes_append(ferry_bytes *out, const uint8_t *bytes, size_t count) {
  if (out->capacity - out->count < count) {
    size_t capacity = out->capacity ? out->capacity * 2 : 65536;
    while (capacity - out->count < count) capacity *= 2;
    uint8_t *grown = realloc(out->bytes, capacity);
    if (!grown) return 0;
    out->bytes = grown;
    out->capacity = capacity;
  }
  memcpy(out->bytes + out->count, bytes, count);
  out->count += count;
  return 1;
}

void ferry_bytes_free(ferry_bytes *bytes) {
  free(bytes->bytes);
  memset(bytes, 0, sizeof *bytes);
}

void ferry_composite(const uint8_t *source, uint8_t *target, size_t count, int channels) {
  for (size_t i = 0; i < count; i++) {
    int alpha = source[channels];
    for (int c = 0; c < channels; c++) {
      int product = source[c] * alpha + 128;
      target[c] = (uint8_t)(((product >> 8) + product) >> 8);
    }
    source += channels + 1;
    target += channels;
  }
}

void ferry_codec_note(char *message, const char *text) {
  snprintf(message, FERRY_CODEC_MESSAGE, "%s", text);
}
