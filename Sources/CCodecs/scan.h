#ifndef FERRY_SCAN_H
#define FERRY_SCAN_H

#include <stdio.h>

#include <jpeglib.h>

/// Whether the coded data of a plain JPEG is whole, once its header is read: every code is one of its
/// table, every block is complete, the end marker follows the last one. Zero says nothing: the picture
/// is of a kind that is not looked at here, or the library must judge it.
///
/// Coefficients are passed over, not made.
int ferry_scan_is_whole(j_decompress_ptr jpeg);

#endif
