#ifndef FERRY_GREY_H
#define FERRY_GREY_H

#include <stddef.h>
#include <stdint.h>

// Small grey pictures that are stored as text: tens of thousands to a table.

/// Reads `expected` decimal numbers of 0 to 255 parted by one space each. Returns 0 where the text is
/// anything else, however slightly: a slower reader then finds what it is.
int ferry_read_grey(const uint8_t *text, size_t count, uint8_t *pixels, size_t expected);

/// The bytes of a PNG that `ferry_store_grey` makes.
size_t ferry_stored_grey_size(uint32_t width, uint32_t height);

/// Writes a grey PNG whose pixels are stored, not packed.
void ferry_store_grey(const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *target);

#endif
