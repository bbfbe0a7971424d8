#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "decoder.h"

// One strip or tile may not take more than this; a header can claim any size.
enum { LARGEST_ALLOCATION = 256 << 20 };

typedef struct {
  ferry_decoder base;
  TIFF *tiff;
  TIFFRGBAImage image;
  int begun;
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char message[FERRY_CODEC_MESSAGE];
} tiff_decoder;

static tmsize_t take(thandle_t handle, void *target, tmsize_t wanted) {
  tiff_decoder *d = (tiff_decoder *)handle;
  size_t left = d->count - d->position;
  size_t count = wanted < 0 ? 0 : (size_t)wanted < left ? (size_t)wanted : left;
  memcpy(target, d->bytes + d->position, count);
  d->position += count;
  return (tmsize_t)count;
}

static tmsize_t refuse(thandle_t handle, void *source, tmsize_t count) {
  (void)handle;
  (void)source;
  (void)count;
  return 0;
}

static toff_t move(thandle_t handle, toff_t offset, int whence) {
  tiff_decoder *d = (tiff_decoder *)handle;
  toff_t base = whence == SEEK_CUR ? d->position : whence == SEEK_END ? d->count : 0;
  toff_t position = base + offset;
  if (position > d->count) return (toff_t)-1;
  d->position = (size_t)position;
  return position;
}

static int leave_open(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t measure(thandle_t handle) { return ((tiff_decoder *)handle)->count; }

#if TIFFLIB_VERSION >= 20221213
static int on_error(TIFF *tiff, void *data, const char *module, const char *format, va_list list) {
  (void)tiff;
  (void)module;
  vsnprintf(data, FERRY_CODEC_MESSAGE, format, list);
  return 1;
}

static int on_warning(TIFF *tiff, void *data, const char *module, const char *format,
                      va_list list) {
  (void)tiff;
  (void)data;
  (void)module;
  (void)format;
  (void)list;
  return 1;
}

static TIFF *open_tiff(tiff_decoder *d) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return NULL;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, LARGEST_ALLOCATION);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, d->message);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, NULL);
  TIFF *tiff = TIFFClientOpenExt("picture", "rM", d, take, refuse, move, leave_open, measure, NULL,
                                 NULL, options);
  TIFFOpenOptionsFree(options);
  return tiff;
}
#else
static TIFF *open_tiff(tiff_decoder *d) {
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  return TIFFClientOpen("picture", "rM", d, take, refuse, move, leave_open, measure, NULL, NULL);
}
#endif

static void close_tiff(ferry_decoder *base) {
  tiff_decoder *d = (tiff_decoder *)base;
  if (d->begun) TIFFRGBAImageEnd(&d->image);
  if (d->tiff) TIFFClose(d->tiff);
  free(d);
}

// Rows are decoded a band at a time: whole strips or tiles, so that none is decoded twice.
static uint32_t band_height(TIFF *tiff, uint32_t height) {
  uint32_t rows = height;
  TIFFGetField(tiff, TIFFIsTiled(tiff) ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &rows);
  if (rows == 0 || rows > height) return height;
  uint32_t bands = 64 / rows;
  return bands > 1 ? rows * bands : rows;
}

static ferry_codec_status read_tiff(ferry_decoder *base, uint8_t *pixels, char *message) {
  tiff_decoder *d = (tiff_decoder *)base;
  uint32_t width = d->image.width, height = d->image.height;
  uint32_t band = band_height(d->tiff, height);
  int grey = d->image.samplesperpixel == 1 && (d->image.photometric == PHOTOMETRIC_MINISBLACK ||
                                               d->image.photometric == PHOTOMETRIC_MINISWHITE);
  uint32_t *raster = malloc((size_t)width * (band < height ? band : height) * sizeof *raster);
  if (!raster) {
    ferry_codec_note(message, "no memory for the rows");
    return FERRY_CODEC_MEMORY;
  }
  ferry_codec_status status = FERRY_CODEC_OK;
  for (uint32_t row = 0; row < height && status == FERRY_CODEC_OK; row += band) {
    uint32_t rows = height - row < band ? height - row : band;
    d->image.row_offset = (int)row;
    if (!TIFFRGBAImageGet(&d->image, raster, width, rows)) {
      ferry_codec_note(message, d->message);
      status = FERRY_CODEC_CORRUPT;
      break;
    }
    for (size_t i = 0; i < (size_t)width * rows; i++) {
      *pixels++ = (uint8_t)TIFFGetR(raster[i]);
      if (grey) continue;
      *pixels++ = (uint8_t)TIFFGetG(raster[i]);
      *pixels++ = (uint8_t)TIFFGetB(raster[i]);
    }
  }
  free(raster);
  return status;
}

ferry_codec_status ferry_tiff_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message) {
  *out = NULL;
  tiff_decoder *d = calloc(1, sizeof *d);
  if (!d) {
    ferry_codec_note(message, "no memory for a decoder");
    return FERRY_CODEC_MEMORY;
  }
  d->base = (ferry_decoder){read_tiff, close_tiff};
  d->bytes = bytes;
  d->count = count;
  d->tiff = open_tiff(d);
  char reason[1024] = "";
  d->begun = d->tiff && TIFFRGBAImageOK(d->tiff, reason) &&
             TIFFRGBAImageBegin(&d->image, d->tiff, 1, reason);
  if (!d->begun) {
    ferry_codec_note(message, reason[0] ? reason : d->message);
    ferry_codec_status status = reason[0] ? FERRY_CODEC_UNSUPPORTED : FERRY_CODEC_CORRUPT;
    close_tiff(&d->base);
    return status;
  }
  // Rows as they are stored; the caller turns the picture.
  d->image.req_orientation = d->image.orientation;
  picture->width = d->image.width;
  picture->height = d->image.height;
  picture->channels = d->image.samplesperpixel == 1 &&
                              (d->image.photometric == PHOTOMETRIC_MINISBLACK ||
                               d->image.photometric == PHOTOMETRIC_MINISWHITE)
                          ? 1
                          : 3;
  *out = &d->base;
  return FERRY_CODEC_OK;
}
