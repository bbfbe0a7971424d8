#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "decoder.h"

typedef struct {
  jmp_buf jump;
  ferry_codec_status status;
  char *message;
} errors;

typedef struct {
  ferry_decoder base;
  png_structp png;
  png_infop info;
  errors errors;
  const uint8_t *bytes;
  size_t count;
  size_t position;
  int inputs;  // channels as read: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  uint8_t *rows;
  png_bytepp pointers;
} png_decoder;

static PNG_CALLBACK(void, on_error, (png_structp png, png_const_charp text)) {
  errors *e = png_get_error_ptr(png);
  ferry_codec_note(e->message, text);
  longjmp(e->jump, 1);
}

static PNG_CALLBACK(void, on_warning, (png_structp png, png_const_charp text)) {
  (void)png;
  (void)text;
}

static PNG_CALLBACK(void, take, (png_structp png, png_bytep target, size_t count)) {
  png_decoder *d = png_get_io_ptr(png);
  if (d->count - d->position < count) {
    d->errors.status = FERRY_CODEC_TRUNCATED;
    png_error(png, "the file ends early");
  }
  memcpy(target, d->bytes + d->position, count);
  d->position += count;
}

static void close_png(ferry_decoder *base) {
  png_decoder *d = (png_decoder *)base;
  png_destroy_read_struct(&d->png, &d->info, NULL);
  free(d->rows);
  free(d->pointers);
  free(d);
}

static ferry_codec_status read_png(ferry_decoder *base, uint8_t *pixels, char *message) {
  png_decoder *d = (png_decoder *)base;
  d->errors.message = message;
  d->errors.status = FERRY_CODEC_CORRUPT;
  if (setjmp(d->errors.jump)) return d->errors.status;
  size_t width = png_get_image_width(d->png, d->info);
  size_t height = png_get_image_height(d->png, d->info);
  size_t row = width * (size_t)d->inputs;
  int alpha = d->inputs == 2 || d->inputs == 4;
  uint8_t *target = pixels;
  d->pointers = malloc(height * sizeof *d->pointers);
  if (alpha) target = d->rows = malloc(row * height);
  if (!d->pointers || !target) {
    ferry_codec_note(message, "no memory for the rows");
    return FERRY_CODEC_MEMORY;
  }
  for (size_t y = 0; y < height; y++) d->pointers[y] = target + y * row;
  png_read_image(d->png, d->pointers);
  png_read_end(d->png, NULL);
  if (alpha) ferry_composite(d->rows, pixels, width * height, d->inputs - 1);
  return FERRY_CODEC_OK;
}

static void expect_eight_bits(png_decoder *d) {
  png_structp png = d->png;
  int type = png_get_color_type(png, d->info);
  png_set_scale_16(png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
  if (png_get_valid(png, d->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, d->info);
  d->inputs = png_get_channels(png, d->info);
}

ferry_codec_status ferry_png_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                  ferry_picture *picture, char *message) {
  *out = NULL;
  png_decoder *d = calloc(1, sizeof *d);
  if (!d) {
    ferry_codec_note(message, "no memory for a decoder");
    return FERRY_CODEC_MEMORY;
  }
  d->base = (ferry_decoder){read_png, close_png};
  d->bytes = bytes;
  d->count = count;
  d->errors.message = message;
  d->errors.status = FERRY_CODEC_CORRUPT;
  if (setjmp(d->errors.jump)) {
    ferry_codec_status status = d->errors.status;
    close_png(&d->base);
    return status;
  }
  d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d->errors, on_error, on_warning);
  d->info = d->png ? png_create_info_struct(d->png) : NULL;
  if (!d->info) {
    ferry_codec_note(message, "no memory for a decoder");
    close_png(&d->base);
    return FERRY_CODEC_MEMORY;
  }
  // Text, profiles and other ancillary chunks can inflate without bound and carry no pixels.
  png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_chunk_malloc_max(d->png, 1 << 20);
  png_set_user_limits(d->png, 0x7fffffff, 0x7fffffff);
  png_set_read_fn(d->png, d, take);
  png_read_info(d->png, d->info);
  expect_eight_bits(d);
  picture->width = png_get_image_width(d->png, d->info);
  picture->height = png_get_image_height(d->png, d->info);
  picture->channels = d->inputs < 3 ? 1 : 3;
  *out = &d->base;
  return FERRY_CODEC_OK;
}

static PNG_CALLBACK(void, give, (png_structp png, png_bytep bytes, size_t count)) {
  if (!ferry_bytes_append(png_get_io_ptr(png), bytes, count)) png_error(png, "no memory");
}

static PNG_CALLBACK(void, flush, (png_structp png)) { (void)png; }

typedef struct {
  errors errors;
  png_structp png;
  png_infop info;
} png_encoder;

static void write_picture(const png_encoder *encoder, const uint8_t *pixels, uint32_t width,
                          uint32_t height, uint32_t channels, int level) {
  png_structp png = encoder->png;
  int type = channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(png, encoder->info, width, height, 8, type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (level < 0) {
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_PAETH);
    png_set_compression_strategy(png, Z_RLE);
  } else {
    png_set_compression_level(png, level);
  }
  png_write_info(png, encoder->info);
  for (uint32_t y = 0; y < height; y++) {
    png_write_row(png, pixels + (size_t)y * width * channels);
  }
  png_write_end(png, NULL);
}

ferry_codec_status ferry_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                                    uint32_t channels, int level, ferry_bytes *out, char *message) {
  png_encoder encoder;
  memset(&encoder, 0, sizeof encoder);
  encoder.errors.message = message;
  encoder.errors.status = FERRY_CODEC_MEMORY;
  encoder.png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoder.errors, on_error, on_warning);
  if (encoder.png) encoder.info = png_create_info_struct(encoder.png);
  if (!encoder.info) {
    ferry_codec_note(message, "no memory for an encoder");
    png_destroy_write_struct(&encoder.png, NULL);
    return FERRY_CODEC_MEMORY;
  }
  png_set_write_fn(encoder.png, out, give, flush);
  if (setjmp(encoder.errors.jump)) {
    png_destroy_write_struct(&encoder.png, &encoder.info);
    ferry_bytes_free(out);
    return encoder.errors.status;
  }
  write_picture(&encoder, pixels, width, height, channels, level);
  png_destroy_write_struct(&encoder.png, &encoder.info);
  return FERRY_CODEC_OK;
}
