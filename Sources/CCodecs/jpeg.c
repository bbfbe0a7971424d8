#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "decoder.h"
#include "scan.h"

// A progressive file may repeat scans of a few bytes over the whole picture; real ones have ten,
// or 18 for four inks. Scans times pixels bound the work, within these limits.
enum { FEWEST_SCANS = 20, MOST_SCANS = 100 };
static const double SCANNED_PIXELS = 1 << 30;

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  ferry_codec_status status;
  int ended;  // the library asked for bytes beyond the last
  char text[JMSG_LENGTH_MAX];
} errors;

typedef struct {
  ferry_decoder base;
  struct jpeg_decompress_struct jpeg;
  struct jpeg_progress_mgr progress;
  errors errors;
} jpeg_decoder;

static void leave(j_common_ptr jpeg, ferry_codec_status status) {
  errors *e = (errors *)jpeg->err;
  e->status = status;
  e->base.format_message(jpeg, e->text);
  longjmp(e->jump, 1);
}

static void on_error(j_common_ptr jpeg) {
  switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      leave(jpeg, FERRY_CODEC_MEMORY);
      break;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
      leave(jpeg, FERRY_CODEC_TRUNCATED);
      break;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_ARITH_NOTIMPL:
      leave(jpeg, FERRY_CODEC_UNSUPPORTED);
      break;
    default:
      leave(jpeg, FERRY_CODEC_CORRUPT);
  }
}

// The library would fill what it cannot read with grey. A half-grey face must not pass for a
// sample, so damage to the coded picture is an error; oddities around it are not.
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  errors *e = (errors *)jpeg->err;
  switch (e->base.msg_code) {
    case JWRN_JPEG_EOF:
      e->ended = 1;
      break;
    case JWRN_HIT_MARKER:
      leave(jpeg, e->ended ? FERRY_CODEC_TRUNCATED : FERRY_CODEC_CORRUPT);
      break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_NOT_SEQUENTIAL:
      leave(jpeg, FERRY_CODEC_CORRUPT);
      break;
    default:
      break;
  }
}

static void on_progress(j_common_ptr common) {
  if (!common->is_decompressor) return;
  j_decompress_ptr jpeg = (j_decompress_ptr)common;
  double limit = SCANNED_PIXELS / jpeg->image_width / jpeg->image_height;
  if (limit < FEWEST_SCANS) limit = FEWEST_SCANS;
  if (limit > MOST_SCANS) limit = MOST_SCANS;
  if (jpeg->input_scan_number > limit) {
    errors *e = (errors *)common->err;
    e->status = FERRY_CODEC_CORRUPT;
    snprintf(e->text, sizeof e->text, "more than %d scans", (int)limit);
    longjmp(e->jump, 1);
  }
}

static struct jpeg_error_mgr *prepare(errors *e) {
  jpeg_std_error(&e->base);
  e->base.error_exit = on_error;
  e->base.emit_message = on_message;
  return &e->base;
}

static void close_jpeg(ferry_decoder *base) {
  jpeg_decoder *d = (jpeg_decoder *)base;
  jpeg_destroy_decompress(&d->jpeg);
  free(d);
}

// Stored values are inverted (Adobe's convention, which Pillow assumes of every CMYK JPEG too),
// so a channel of RGB is stored ink times stored black over 255.
static void rgb_from_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
  for (uint32_t x = 0; x < width; x++) {
    int black = cmyk[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      int product = (255 - cmyk[4 * x + c]) * black + 128;
      int value = black - (((product >> 8) + product) >> 8);
      rgb[3 * x + c] = (uint8_t)(value < 0 ? 0 : value);
    }
  }
}

static ferry_codec_status read_jpeg(ferry_decoder *base, uint8_t *pixels, char *message) {
  jpeg_decoder *d = (jpeg_decoder *)base;
  if (setjmp(d->errors.jump)) {
    ferry_codec_note(message, d->errors.text);
    return d->errors.status;
  }
  j_decompress_ptr jpeg = &d->jpeg;
  int buffered = jpeg_has_multiple_scans(jpeg);
  jpeg_start_decompress(jpeg);
  // A baseline picture without its end marker may be whole; of several scans some are missing.
  if (buffered && d->errors.ended) {
    ferry_codec_note(message, "the last scan is missing");
    return FERRY_CODEC_TRUNCATED;
  }
  int inks = jpeg->out_color_space == JCS_CMYK;
  size_t row = (size_t)jpeg->output_width * (inks ? 3 : jpeg->output_components);
  JSAMPARRAY scratch = NULL;
  if (inks) {
    scratch = jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * 4, 1);
  }
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *target = pixels + row * jpeg->output_scanline;
    JSAMPROW line = inks ? scratch[0] : target;
    if (jpeg_read_scanlines(jpeg, &line, 1) != 1) {
      ferry_codec_note(message, "no more rows");
      return FERRY_CODEC_TRUNCATED;
    }
    if (inks) rgb_from_cmyk(line, target, jpeg->output_width);
  }
  return FERRY_CODEC_OK;
}

ferry_codec_status ferry_jpeg_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message) {
  *out = NULL;
  jpeg_decoder *d = calloc(1, sizeof *d);
  if (!d) {
    ferry_codec_note(message, "no memory for a decoder");
    return FERRY_CODEC_MEMORY;
  }
  d->base = (ferry_decoder){read_jpeg, close_jpeg};
  d->jpeg.err = prepare(&d->errors);
  if (setjmp(d->errors.jump)) {
    ferry_codec_note(message, d->errors.text);
    ferry_codec_status status = d->errors.status;
    close_jpeg(&d->base);
    return status;
  }
  jpeg_create_decompress(&d->jpeg);
  d->progress.progress_monitor = on_progress;
  d->jpeg.progress = &d->progress;
  jpeg_mem_src(&d->jpeg, bytes, count);
  jpeg_read_header(&d->jpeg, TRUE);
  switch (d->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE:
      d->jpeg.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      d->jpeg.out_color_space = JCS_CMYK;
      break;
    default:
      d->jpeg.out_color_space = JCS_RGB;
  }
  d->jpeg.dct_method = JDCT_ISLOW;
  jpeg_calc_output_dimensions(&d->jpeg);
  picture->width = d->jpeg.output_width;
  picture->height = d->jpeg.output_height;
  picture->channels = d->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  *out = &d->base;
  return FERRY_CODEC_OK;
}

ferry_codec_status ferry_jpeg_verify(const uint8_t *bytes, size_t count, uint64_t most,
                                     char *message) {
  ferry_decoder *decoder;
  ferry_picture picture;
  ferry_codec_status status = ferry_jpeg_open(bytes, count, &decoder, &picture, message);
  if (status != FERRY_CODEC_OK) return status;
  jpeg_decoder *d = (jpeg_decoder *)decoder;
  if (setjmp(d->errors.jump)) {
    ferry_codec_note(message, d->errors.text);
    status = d->errors.status;
  } else if ((uint64_t)picture.width * picture.height > most) {
    ferry_codec_note(message, "too many pixels");
    status = FERRY_CODEC_UNSUPPORTED;
  } else if (!ferry_scan_is_whole(&d->jpeg)) {
    jpeg_read_coefficients(&d->jpeg);
    if (d->errors.ended) {
      ferry_codec_note(message, "the file ends early");
      status = FERRY_CODEC_TRUNCATED;
    }
  }
  ferry_decoder_close(decoder);
  return status;
}

void ferry_jpeg_reduce(ferry_decoder *base, uint32_t denominator, ferry_picture *picture) {
  jpeg_decoder *d = (jpeg_decoder *)base;
  d->jpeg.scale_num = 1;
  d->jpeg.scale_denom = denominator;
  // The sizes are sums and quotients of what the header has said: nothing here can fail.
  jpeg_calc_output_dimensions(&d->jpeg);
  picture->width = d->jpeg.output_width;
  picture->height = d->jpeg.output_height;
}

typedef struct {
  struct jpeg_destination_mgr base;
  ferry_bytes *out;
  uint8_t block[16384];
} destination;

static void start_block(j_compress_ptr jpeg) {
  destination *d = (destination *)jpeg->dest;
  d->base.next_output_byte = d->block;
  d->base.free_in_buffer = sizeof d->block;
}

static boolean flush_block(j_compress_ptr jpeg) {
  destination *d = (destination *)jpeg->dest;
  if (!ferry_bytes_append(d->out, d->block, sizeof d->block)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  start_block(jpeg);
  return TRUE;
}

static void end_blocks(j_compress_ptr jpeg) {
  destination *d = (destination *)jpeg->dest;
  size_t count = sizeof d->block - d->base.free_in_buffer;
  if (!ferry_bytes_append(d->out, d->block, count)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
}

ferry_codec_status ferry_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                                     uint32_t channels, int quality, int chroma, ferry_bytes *out,
                                     char *message) {
  struct jpeg_compress_struct jpeg;
  errors e;
  destination d;
  memset(&jpeg, 0, sizeof jpeg);
  memset(&e, 0, sizeof e);
  jpeg.err = prepare(&e);
  if (setjmp(e.jump)) {
    ferry_codec_note(message, e.text);
    jpeg_destroy_compress(&jpeg);
    ferry_bytes_free(out);
    return e.status;
  }
  jpeg_create_compress(&jpeg);
  d.base = (struct jpeg_destination_mgr){NULL, 0, start_block, flush_block, end_blocks};
  d.out = out;
  jpeg.dest = &d.base;
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = (int)channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg.dct_method = JDCT_ISLOW;
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg.comp_info[0].h_samp_factor = channels == 1 ? 1 : chroma;
  jpeg.comp_info[0].v_samp_factor = channels == 1 ? 1 : chroma;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < height) {
    JSAMPROW line = (JSAMPROW)(pixels + (size_t)jpeg.next_scanline * width * channels);
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return FERRY_CODEC_OK;
}
