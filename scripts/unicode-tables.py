#!/usr/bin/env python3
"""Writes Sources/Language/Text/UnicodeTables.swift from Python's Unicode data.

Usage: unicode-tables.py > Sources/Language/Text/UnicodeTables.swift. Needs nothing but Python.
"""

import html.entities
import unicodedata

WIDTH = 96


def literal(name, comment, words):
    print(f"  /// {comment}")
    print(f'  static let {name}: StaticString = """')
    line = "    "
    for word in words:
        if len(line) + len(word) + 1 > WIDTH:
            print(line.rstrip() + " \\")
            line = "    "
        line += word + " "
    print(line.rstrip())
    print('    """')


def canonical():
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if not parts or parts[0].startswith("<"):
            continue
        kept = unicodedata.normalize("NFC", chr(code)) == chr(code)
        yield f"{code:X}" + ("=" if kept else "!") + "+".join(f"{int(p, 16):X}" for p in parts)


def widths():
    for code in [0x3000, *range(0xFF5F, 0xFFF0)]:
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code):
            yield f"{code:X}=" + "+".join(f"{ord(c):X}" for c in plain)


def entities():
    for name, code in sorted(html.entities.name2codepoint.items()):
        yield f"{name}={code:X}"


print("// Made by scripts/unicode-tables.py from the Unicode character database, version "
      f"{unicodedata.unidata_version}.")
print()
print("/// Words `code=code+code` in hexadecimal, one an entry.")
print("enum UnicodeTables {")
literal("canonical", "Canonical decompositions; `!` marks those that composition leaves out.",
        canonical())
print()
literal("widths", "Half-width letters and full-width signs as their common forms (the full-width "
        "ASCII\n  /// letters follow a formula).", widths())
print()
literal("entities", "The named character references of HTML 4.", entities())
print("}")
