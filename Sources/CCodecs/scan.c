#include "scan.h"

#include <stdint.h>
#include <string.h>

// Codes of up to LOOK bits are found in one look; longer ones are rare.
enum { LOOK = 9, LONGEST = 16, BLOCK = 64, END_OF_BLOCK = 128 };

// What a code stands for: the bits of the code and of the number behind it in the low byte, how many
// coefficients it passes in the high one. 0 is no code.
typedef uint16_t step;

typedef struct {
  step look[1 << LOOK];
  // Of each length: the first code, the code behind the last, and where the first one's step stands.
  uint32_t first[LONGEST + 1], behind[LONGEST + 1], start[LONGEST + 1];
  step steps[256];
} code_table;

typedef struct {
  const uint8_t *next, *end;
  uint64_t bits;  // the next bit is the highest
  int count;      // bits that are loaded
  int missing;    // how many of them are zeros behind the last byte
} bit_reader;

static step step_of(uint8_t symbol, int length, int is_ac) {
  int size = symbol & 15, run = symbol >> 4;
  if (!is_ac) return symbol > 11 ? 0 : (step)(length + symbol) | 1 << 8;
  if (symbol == 0) return (step)(length | END_OF_BLOCK << 8);
  if (size == 0) return run == 15 ? (step)(length | 16 << 8) : 0;
  return size > 10 ? 0 : (step)((length + size) | (run + 1) << 8);
}

// Returns 0 where the table is none: the library then says why.
static int build(code_table *table, const JHUFF_TBL *source, int is_ac) {
  if (!source) return 0;
  memset(table->look, 0, sizeof table->look);
  uint32_t code = 0, index = 0;
  for (int length = 1; length <= LONGEST; length++) {
    uint32_t count = source->bits[length];
    if (index + count > 256 || code + count >= 1u << length) return 0;  // all ones is no code
    table->first[length] = code;
    table->behind[length] = code + count;
    table->start[length] = index;
    for (uint32_t i = 0; i < count; i++, index++, code++) {
      step found = table->steps[index] = step_of(source->huffval[index], length, is_ac);
      // The library takes no table with such a number, even where it is not used.
      if (!is_ac && !found) return 0;
      if (length > LOOK) continue;
      step *entry = table->look + (code << (LOOK - length));
      for (int copies = 1 << (LOOK - length); copies > 0; copies--) *entry++ = found;
    }
    code <<= 1;
  }
  return 1;
}

static uint64_t load(const uint8_t *bytes) {
  uint64_t value;
  memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

// Whether one of eight bytes is 0xFF, which never stands for itself alone.
static int has_marker(uint64_t bytes) {
  const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  return ((~bytes - ones) & bytes & highs) != 0;
}

// Loads at least 57 bits; behind the last byte, zeros.
static void refill(bit_reader *r) {
  if (r->end - r->next >= 8) {
    uint64_t bytes = load(r->next);
    if (!has_marker(bytes)) {
      int whole = (64 - r->count) >> 3;
      r->bits |= bytes >> r->count;
      r->next += whole;
      r->count += 8 * whole;
      if (r->count < 64) r->bits &= ~(~(uint64_t)0 >> r->count);
      return;
    }
  }
  while (r->count <= 56) {
    uint64_t byte = 0;
    if (r->end - r->next >= 2 && (r->next[0] != 0xFF || r->next[1] == 0)) {
      byte = r->next[0];
      r->next += byte == 0xFF ? 2 : 1;
    } else {
      r->missing += 8;
    }
    r->bits |= byte << (56 - r->count);
    r->count += 8;
  }
}

static step long_step(const code_table *table, uint64_t bits) {
  for (int length = LOOK + 1; length <= LONGEST; length++) {
    uint32_t code = (uint32_t)(bits >> (64 - length));
    if (code >= table->first[length] && code < table->behind[length])
      return table->steps[table->start[length] + code - table->first[length]];
  }
  return 0;
}

static inline step take(bit_reader *r, const code_table *table) {
  if (r->count < 32) refill(r);
  step found = table->look[r->bits >> (64 - LOOK)];
  if (!found) found = long_step(table, r->bits);
  r->bits <<= found & 31;
  r->count -= found & 31;
  return found;
}

static int pass_block(bit_reader *r, const code_table *dc, const code_table *ac) {
  if (!take(r, dc)) return 0;
  int position = 1;
  while (position < BLOCK) {
    step found = take(r, ac);
    if (!found) return 0;
    position += found >> 8;
  }
  return position == BLOCK || position > END_OF_BLOCK;
}

// Passes the marker behind a run of blocks; what is left of the last byte says nothing.
static int pass_marker(bit_reader *r, uint8_t marker) {
  if (r->missing > r->count || r->count - r->missing >= 8) return 0;
  if (r->end - r->next < 2 || r->next[0] != 0xFF || r->next[1] != marker) return 0;
  r->next += 2;
  r->bits = 0;
  r->count = r->missing = 0;
  return 1;
}

// Grey, or colour whose first component alone may be finer than the others: nearly every picture.
static int is_plain(j_decompress_ptr jpeg) {
  if (jpeg->progressive_mode || jpeg->arith_code || jpeg->data_precision != 8) return 0;
  if (jpeg_has_multiple_scans(jpeg)) return 0;
  if (jpeg->Ss != 0 || jpeg->Se != BLOCK - 1 || jpeg->Ah != 0 || jpeg->Al != 0) return 0;
  int is_grey = jpeg->num_components == 1 && jpeg->jpeg_color_space == JCS_GRAYSCALE;
  int is_colour = jpeg->num_components == 3 &&
                 (jpeg->jpeg_color_space == JCS_YCbCr || jpeg->jpeg_color_space == JCS_RGB);
  if (!is_grey && !is_colour) return 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    const jpeg_component_info *component = jpeg->comp_info + i;
    int most = i == 0 ? 2 : 1;
    if (component->h_samp_factor > most || component->v_samp_factor > most) return 0;
    if (jpeg->cur_comp_info[i] != component) return 0;
    if (component->quant_tbl_no < 0 || component->quant_tbl_no >= NUM_QUANT_TBLS) return 0;
    if (component->dc_tbl_no < 0 || component->dc_tbl_no >= NUM_HUFF_TBLS) return 0;
    if (component->ac_tbl_no < 0 || component->ac_tbl_no >= NUM_HUFF_TBLS) return 0;
    if (!jpeg->quant_tbl_ptrs[component->quant_tbl_no]) return 0;
  }
  return 1;
}

static uint64_t blocks_along(JDIMENSION pixels, int factor) {
  uint64_t unit = 8 * (uint64_t)factor;
  return (pixels + unit - 1) / unit;
}

// The tables of a scan, each pair of them built once, and how many blocks of a unit use them.
typedef struct {
  code_table dc[3], ac[3];
  int table[3], blocks[3];
  int components;
} scan_plan;

static int plan_scan(scan_plan *plan, j_decompress_ptr jpeg) {
  plan->components = jpeg->num_components;
  for (int i = 0; i < plan->components; i++) {
    const jpeg_component_info *component = jpeg->comp_info + i;
    // A scan of one component has a block at a time, whatever its factors.
    plan->blocks[i] =
        plan->components == 1 ? 1 : component->h_samp_factor * component->v_samp_factor;
    plan->table[i] = i;
    if (i > 0 && component->dc_tbl_no == component[-1].dc_tbl_no &&
        component->ac_tbl_no == component[-1].ac_tbl_no) {
      plan->table[i] = plan->table[i - 1];
    } else if (!build(plan->dc + i, jpeg->dc_huff_tbl_ptrs[component->dc_tbl_no], 0) ||
               !build(plan->ac + i, jpeg->ac_huff_tbl_ptrs[component->ac_tbl_no], 1)) {
      return 0;
    }
  }
  return 1;
}

static int pass_unit(bit_reader *r, const scan_plan *plan) {
  for (int i = 0; i < plan->components; i++) {
    const code_table *dc = plan->dc + plan->table[i], *ac = plan->ac + plan->table[i];
    for (int block = 0; block < plan->blocks[i]; block++) {
      if (!pass_block(r, dc, ac)) return 0;
    }
  }
  return r->missing <= r->count;
}

int ferry_scan_is_whole(j_decompress_ptr jpeg) {
  scan_plan plan;
  if (!is_plain(jpeg) || !plan_scan(&plan, jpeg)) return 0;
  int is_grey = plan.components == 1;
  uint64_t units = blocks_along(jpeg->image_width, is_grey ? 1 : jpeg->max_h_samp_factor) *
                   blocks_along(jpeg->image_height, is_grey ? 1 : jpeg->max_v_samp_factor);
  const uint8_t *bytes = jpeg->src->next_input_byte;
  bit_reader r = {bytes, bytes + jpeg->src->bytes_in_buffer, 0, 0, 0};
  uint64_t interval = jpeg->restart_interval ? jpeg->restart_interval : units;
  for (uint64_t unit = 0, restarts = 0; unit < units; unit++) {
    if (unit > 0 && unit % interval == 0) {
      if (!pass_marker(&r, (uint8_t)(0xD0 + (restarts++ & 7)))) return 0;
    }
    if (!pass_unit(&r, &plan)) return 0;
  }
  return pass_marker(&r, 0xD9);
}
