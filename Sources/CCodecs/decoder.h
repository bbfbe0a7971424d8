#ifndef FERRY_DECODER_H
#define FERRY_DECODER_H

#include "codecs.h"

// What the formats share: a decoder begins with its format's two operations.
struct ferry_decoder {
  ferry_codec_status (*read)(ferry_decoder *, uint8_t *pixels, char *message);
  void (*close)(ferry_decoder *);
};

// Appends to growing bytes; 0 when there is no memory.
int ferry_bytes_append(ferry_bytes *out, const uint8_t *bytes, size_t count);

void ferry_codec_note(char *message, const char *text);

// Alpha is composited on black in the stored (sRGB) values: the transparent part of a drawing
// then carries no picture at all. `source` has `channels` and one of alpha.
void ferry_composite(const uint8_t *source, uint8_t *target, size_t count, int channels);

#endif
