// The least that validating a zip of JPEGs takes: inflate each entry, check its sum, decode it to
// RGB with libjpeg-turbo. Usage: inflate_decode ZIP THREADS
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>
#include <zlib.h>

static const uint8_t *file;
static size_t size;
static uint32_t *offsets;
static int entries;
static atomic_int next_entry, bad;

static uint32_t number(const uint8_t *p, int width) {
  uint32_t value = 0;
  for (int i = width - 1; i >= 0; i--) value = value << 8 | p[i];
  return value;
}

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
} errors;

static void leave(j_common_ptr jpeg) { longjmp(((errors *)jpeg->err)->jump, 1); }

static int decode(const uint8_t *bytes, size_t count, uint8_t **pixels, size_t *room) {
  struct jpeg_decompress_struct jpeg;
  errors e;
  jpeg.err = jpeg_std_error(&e.base);
  e.base.error_exit = leave;
  if (setjmp(e.jump)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes, count);
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  size_t row = (size_t)jpeg.output_width * jpeg.output_components;
  if (*room < row * jpeg.output_height) *pixels = realloc(*pixels, *room = row * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW line = *pixels + row * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return e.base.num_warnings == 0;
}

static void *work(void *unused) {
  (void)unused;
  uint8_t *packed = NULL, *pixels = NULL;
  size_t packed_room = 0, pixels_room = 0;
  int index;
  z_stream stream = {0};
  inflateInit2(&stream, -15);
  while ((index = atomic_fetch_add(&next_entry, 1)) < entries) {
    const uint8_t *entry = file + offsets[index];
    size_t in = number(entry + 20, 4), out = number(entry + 24, 4);
    const uint8_t *local = file + number(entry + 42, 4);
    const uint8_t *data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    if (number(entry + 10, 2) == 8) {
      if (packed_room < out) packed = realloc(packed, packed_room = out);
      inflateReset(&stream);
      stream.next_in = (uint8_t *)data;
      stream.avail_in = in;
      stream.next_out = packed;
      stream.avail_out = out;
      if (inflate(&stream, Z_FINISH) != Z_STREAM_END) bad++;
      data = packed;
    }
    if (crc32(0, data, out) != number(entry + 16, 4)) bad++;
    if (!decode(data, out, &pixels, &pixels_room)) bad++;
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  int descriptor = open(argv[1], O_RDONLY);
  struct stat info;
  if (descriptor < 0 || fstat(descriptor, &info)) return 66;
  size = info.st_size;
  file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const uint8_t *end = file + size - 22;
  while (number(end, 4) != 0x06054B50) end--;
  entries = number(end + 10, 2);
  offsets = malloc(entries * sizeof *offsets);
  const uint8_t *entry = file + number(end + 16, 4);
  for (int i = 0; i < entries; i++) {
    offsets[i] = entry - file;
    entry += 46 + number(entry + 28, 2) + number(entry + 30, 2) + number(entry + 32, 2);
  }
  int threads = atoi(argv[2]);
  pthread_t handles[64];
  for (int i = 1; i < threads && i < 64; i++) pthread_create(&handles[i], NULL, work, NULL);
  work(NULL);
  for (int i = 1; i < threads && i < 64; i++) pthread_join(handles[i], NULL);
  printf("%d entries, %d bad\n", entries, bad);
  return bad != 0;
}
