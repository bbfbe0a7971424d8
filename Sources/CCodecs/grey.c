#include "grey.h"

#include <string.h>

#include <zlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// Which of 64 bytes are spaces; `bad` becomes nonzero where one is neither a space nor a digit.
static uint64_t find_spaces(const uint8_t *text, uint64_t *bad) {
  uint64_t spaces = 0, digits = 0;
#ifdef __SSE2__
  for (int i = 0; i < 4; i++) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(text + 16 * i));
    __m128i space = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '));
    __m128i value = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
    spaces |= (uint64_t)(uint32_t)_mm_movemask_epi8(space) << (16 * i);
    digits |= (uint64_t)(uint32_t)_mm_movemask_epi8(digit) << (16 * i);
  }
#else
  for (int i = 0; i < 64; i++) {
    spaces |= (uint64_t)(text[i] == ' ') << i;
    digits |= (uint64_t)((uint8_t)(text[i] - '0') <= 9) << i;
  }
#endif
  *bad |= ~(spaces | digits);
  return spaces;
}

// The number of `length` digits, 1 to 3, that ends before `end`; four bytes before it are readable.
static uint32_t number(const uint8_t *end, size_t length) {
  static const uint8_t tens[4] = {0, 0, 10, 10}, hundreds[4] = {0, 0, 0, 100};
  return (end[-1] & 15u) + (end[-2] & 15u) * tens[length] + (end[-3] & 15u) * hundreds[length];
}

int ferry_read_grey(const uint8_t *text, size_t count, uint8_t *pixels, size_t expected) {
  // A copy of the last block and of the first number, so that no byte outside is looked at.
  uint8_t last[64], first[8];
  memset(first, '0', sizeof first);
  memcpy(first + 4, text, count < 4 ? count : 4);
  memset(last, '0', sizeof last);
  size_t found = 0, start = 0;
  uint64_t bad = 0;
  for (size_t block = 0; block < count; block += 64) {
    const uint8_t *bytes = text + block;
    if (count - block < 64) bytes = memcpy(last, bytes, count - block);
    uint64_t spaces = find_spaces(bytes, &bad);
    while (spaces) {
      size_t end = block + (size_t)__builtin_ctzll(spaces);
      spaces &= spaces - 1;
      if (end - start - 1 > 2 || found == expected) return 0;
      uint32_t value = number(end < 4 ? first + 4 + end : text + end, end - start);
      bad |= value >> 8;
      pixels[found++] = (uint8_t)value;
      start = end + 1;
    }
  }
  if (count - start - 1 > 2 || found + 1 != expected) return 0;
  uint32_t value = number(count < 4 ? first + 4 + count : text + count, count - start);
  pixels[found] = (uint8_t)value;
  return !bad && value < 256;
}

enum { LARGEST_BLOCK = 65535, BLOCK_HEADER = 5, CHUNK = 12, SIGNATURE = 8, HEADER = 13 };

static size_t stored_size(uint32_t width, uint32_t height) {
  size_t raw = ((size_t)width + 1) * height;
  return 2 + raw + (raw + LARGEST_BLOCK - 1) / LARGEST_BLOCK * BLOCK_HEADER + 4;
}

size_t ferry_stored_grey_size(uint32_t width, uint32_t height) {
  return SIGNATURE + 3 * CHUNK + HEADER + stored_size(width, height);
}

static uint8_t *put32(uint8_t *target, uint32_t value) {
  for (int i = 0; i < 4; i++) target[i] = (uint8_t)(value >> (24 - 8 * i));
  return target + 4;
}

// Ends a chunk whose kind stands at `kind` and whose body ends before `end`.
static uint8_t *seal(uint8_t *kind, uint8_t *end) {
  put32(kind - 4, (uint32_t)(end - kind - 4));
  return put32(end, (uint32_t)crc32(0, kind, (uInt)(end - kind)));
}

// A zlib stream of stored blocks (RFC 1950, 1951); each row begins with filter 0, none.
static uint8_t *store_rows(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *out) {
  size_t left = ((size_t)width + 1) * height, room = 0, size = 0;
  uLong sum = adler32(0, NULL, 0);
  *out++ = 0x78;
  *out++ = 0x01;
  for (uint32_t y = 0; y < height; y++) {
    for (size_t x = 0; x <= width;) {
      if (!room) {
        size = room = left < LARGEST_BLOCK ? left : LARGEST_BLOCK;
        left -= size;
        *out++ = left == 0;
        for (int i = 0; i < 4; i++) *out++ = (uint8_t)((i < 2 ? size : ~size) >> (8 * (i & 1)));
      }
      size_t step = x == 0 ? 1 : width + 1 - x < room ? width + 1 - x : room;
      if (x == 0) *out = 0;
      else memcpy(out, pixels + (size_t)y * width + x - 1, step);
      x += step;
      out += step;
      room -= step;
      if (!room) sum = adler32(sum, out - size, (uInt)size);
    }
  }
  return put32(out, (uint32_t)sum);
}

void ferry_store_grey(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *target) {
  static const uint8_t signature[SIGNATURE] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};
  static const uint8_t form[5] = {8, 0, 0, 0, 0};  // 8 bits, grey, no interlacing
  memcpy(target, signature, SIGNATURE);
  uint8_t *kind = target + SIGNATURE + 4;
  memcpy(kind, "IHDR", 4);
  uint8_t *end = put32(put32(kind + 4, width), height);
  memcpy(end, form, sizeof form);
  kind = seal(kind, end + sizeof form) + 4;
  memcpy(kind, "IDAT", 4);
  kind = seal(kind, store_rows(pixels, width, height, kind + 4)) + 4;
  memcpy(kind, "IEND", 4);
  seal(kind, kind + 4);
}
