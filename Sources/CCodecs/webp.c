#include <stdlib.h>

#include <webp/decode.h>

#include "decoder.h"

typedef struct {
  ferry_decoder base;
  const uint8_t *bytes;
  size_t count;
  WebPBitstreamFeatures features;
} webp_decoder;

static ferry_codec_status translate(VP8StatusCode code, char *message) {
  switch (code) {
    case VP8_STATUS_OK:
      return FERRY_CODEC_OK;
    case VP8_STATUS_OUT_OF_MEMORY:
      ferry_codec_note(message, "no memory for the picture");
      return FERRY_CODEC_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      ferry_codec_note(message, "a feature that the library does not know");
      return FERRY_CODEC_UNSUPPORTED;
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      ferry_codec_note(message, "the file ends early");
      return FERRY_CODEC_TRUNCATED;
    default:
      ferry_codec_note(message, "the bit stream is damaged");
      return FERRY_CODEC_CORRUPT;
  }
}

static void close_webp(ferry_decoder *base) { free(base); }

static ferry_codec_status read_webp(ferry_decoder *base, uint8_t *pixels, char *message) {
  webp_decoder *d = (webp_decoder *)base;
  size_t width = (size_t)d->features.width, height = (size_t)d->features.height;
  size_t channels = d->features.has_alpha ? 4 : 3;
  uint8_t *target = d->features.has_alpha ? malloc(width * height * 4) : pixels;
  WebPDecoderConfig config;
  if (!target || !WebPInitDecoderConfig(&config)) {
    if (target != pixels) free(target);
    ferry_codec_note(message, "no memory for the picture");
    return FERRY_CODEC_MEMORY;
  }
  config.output.colorspace = d->features.has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = target;
  config.output.u.RGBA.stride = (int)(width * channels);
  config.output.u.RGBA.size = width * height * channels;
  ferry_codec_status status = translate(WebPDecode(d->bytes, d->count, &config), message);
  if (status == FERRY_CODEC_OK && d->features.has_alpha) {
    ferry_composite(target, pixels, width * height, 3);
  }
  WebPFreeDecBuffer(&config.output);
  if (target != pixels) free(target);
  return status;
}

ferry_codec_status ferry_webp_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message) {
  *out = NULL;
  webp_decoder *d = calloc(1, sizeof *d);
  if (!d) {
    ferry_codec_note(message, "no memory for a decoder");
    return FERRY_CODEC_MEMORY;
  }
  d->base = (ferry_decoder){read_webp, close_webp};
  d->bytes = bytes;
  d->count = count;
  ferry_codec_status status = translate(WebPGetFeatures(bytes, count, &d->features), message);
  if (status == FERRY_CODEC_OK && d->features.has_animation) {
    ferry_codec_note(message, "an animation");
    status = FERRY_CODEC_UNSUPPORTED;
  }
  if (status != FERRY_CODEC_OK) {
    free(d);
    return status;
  }
  picture->width = (uint32_t)d->features.width;
  picture->height = (uint32_t)d->features.height;
  picture->channels = 3;
  *out = &d->base;
  return FERRY_CODEC_OK;
}
