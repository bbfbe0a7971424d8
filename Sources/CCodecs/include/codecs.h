#ifndef FERRY_CODECS_H
#define FERRY_CODECS_H

#include <stddef.h>
#include <stdint.h>

// In-memory JPEG, PNG, TIFF and WebP over the libraries of these formats (loops over pixels: pixels.h). Every call
// catches the library's error jump, so no call returns through a Swift frame, and leaves a
// message on failure. Nothing is printed.

typedef enum {
  FERRY_CODEC_OK = 0,
  FERRY_CODEC_CORRUPT = 1,      // the bytes are no valid image of this format
  FERRY_CODEC_TRUNCATED = 2,    // the bytes end before the image does
  FERRY_CODEC_UNSUPPORTED = 3,  // a valid variant that the library cannot decode
  FERRY_CODEC_MEMORY = 4,       // no memory, or more memory than the limit
} ferry_codec_status;

#define FERRY_CODEC_MESSAGE 256

/// A decoder between the header and the pixels; `bytes` must outlive it.
typedef struct ferry_decoder ferry_decoder;

/// What the header says of the picture that `ferry_decoder_read` will deliver.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;  // 1 grey or 3 RGB, 8 bits each, interleaved
} ferry_picture;

/// Reads the header only. On success `*out` must be closed; on failure it is null.
ferry_codec_status ferry_jpeg_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message);
ferry_codec_status ferry_png_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                  ferry_picture *picture, char *message);
ferry_codec_status ferry_tiff_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message);
ferry_codec_status ferry_webp_open(const uint8_t *bytes, size_t count, ferry_decoder **out,
                                   ferry_picture *picture, char *message);

/// Makes a JPEG decoder deliver the picture at 1/denominator (1, 2, 4 or 8) of its size, rounded up;
/// `picture` receives the new size.
void ferry_jpeg_reduce(ferry_decoder *decoder, uint32_t denominator, ferry_picture *picture);

/// Follows every code of a JPEG, which is all that can fail once the header is read, and makes no
/// pixels. FERRY_CODEC_UNSUPPORTED where it has more than `most` pixels.
ferry_codec_status ferry_jpeg_verify(const uint8_t *bytes, size_t count, uint64_t most,
                                     char *message);

/// Decodes all pixels into `pixels` of width * height * channels bytes. Once per decoder.
ferry_codec_status ferry_decoder_read(ferry_decoder *decoder, uint8_t *pixels, char *message);

void ferry_decoder_close(ferry_decoder *decoder);

/// Bytes that an encoder made; release with `ferry_bytes_free`.
typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} ferry_bytes;

/// `chroma` is the chroma subsampling in each direction: 2 for 4:2:0, 1 for 4:4:4.
ferry_codec_status ferry_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                                     uint32_t channels, int quality, int chroma, ferry_bytes *out,
                                     char *message);
/// level: zlib's effort, 0 ... 9, or -1 for photographs: noise repeats no strings, so that one filter and
/// runs alone do in a fifth of the time what costs a fiftieth more bytes.
ferry_codec_status ferry_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                                    uint32_t channels, int level, ferry_bytes *out, char *message);
void ferry_bytes_free(ferry_bytes *bytes);

#endif
