import Archives
import Glibc
import Platform

/// The lines of a text entry of any size, in constant memory.
enum EntryLines {
  /// The longest line that is read.
  static let limit = 1 << 20
  /// The largest list of labels that is read as a whole; real ones have a tenth of it.
  static let listLimit = 8 << 20
  /// The most lines of a list that is read line by line, and of a table; real ones have 420,000.
  static let mostLines = 500_000
  /// The most lines of a list that is read as a whole; real ones have 40,000.
  static let mostListed = 200_000
  /// The most cells of a table's row.
  private static let mostCells = 4096

  /// Makes sure that what a list becomes fits the memory that a dataset may take.
  ///
  /// - Throws: `Fault` for too many lines, or too many cells in one.
  static func check(_ bytes: [UInt8], file: String, most: Int = mostLines) throws {
    var line = 1
    var cells = 0
    for byte in bytes {
      switch byte {
      case 0x0A:
        line += 1
        cells = 0
        guard line <= most + 1 else { throw tooLong(file, most) }
      case UInt8(ascii: ","), UInt8(ascii: "\t"):
        cells += 1
        guard cells < mostCells else {
          throw Fault(
            .badInput, "a row has more than \(mostCells) cells", at: .init(file, line: line))
        }
      default: break
      }
    }
  }

  private static func tooLong(_ file: String, _ most: Int) -> Fault {
    Fault(
      .badInput, "the list has more than \(most) lines", at: .init(file, line: most + 1),
      remedy: "no dataset that is read has so many: is it another file?")
  }

  /// Calls `body` with each line's number, from 1, and its bytes without the line end (LF or CRLF).
  ///
  /// - Throws: `Fault` for a line longer than the limit, and whatever `body` throws.
  static func forEach(
    _ entry: ArchiveEntry, _ body: (Int, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var pending: [UInt8] = []
    var number = 1
    func line(_ bytes: UnsafeRawBufferPointer) throws {
      let hasReturn = bytes.last == UInt8(ascii: "\r")
      let hasMark = number == 1 && bytes.starts(with: [0xEF, 0xBB, 0xBF])
      guard number <= mostLines else { throw tooLong(entry.path, mostLines) }
      let range = (hasMark ? 3 : 0)..<(bytes.count - (hasReturn ? 1 : 0))
      try body(number, UnsafeRawBufferPointer(rebasing: bytes[range]))
      number += 1
    }
    try entry.forEachChunk { chunk in
      var start = 0
      while let end = index(of: UInt8(ascii: "\n"), in: chunk, from: start) {
        if pending.isEmpty {
          try line(UnsafeRawBufferPointer(rebasing: chunk[start..<end]))
        } else {
          pending.append(contentsOf: chunk[start..<end])
          try pending.withUnsafeBytes { try line($0) }
          pending.removeAll(keepingCapacity: true)
        }
        start = end + 1
      }
      pending.append(contentsOf: chunk[start...])
      guard pending.count <= limit else {
        throw Fault(
          .badInput, "a line is longer than \(limit) bytes", at: .init(entry.path, line: number))
      }
    }
    if !pending.isEmpty { try pending.withUnsafeBytes { try line($0) } }
  }

  /// Where a byte next stands; lines of pixels are long, and this is the fast way to their end.
  private static func index(
    of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int
  ) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress else { return nil }
    guard let found = memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// The cells of a line of comma-separated values, without copying; quotes around a cell are taken
  /// off. Quoted commas are not known here: columns of numbers and paths have none.
  static func cells(_ line: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
    var cells: [UnsafeRawBufferPointer] = []
    var start = 0
    while true {
      let end = index(of: UInt8(ascii: ","), in: line, from: start) ?? line.count
      cells.append(trimmed(line, start..<end))
      if end == line.count { return cells }
      start = end + 1
    }
  }

  private static func trimmed(
    _ line: UnsafeRawBufferPointer, _ range: Range<Int>
  ) -> UnsafeRawBufferPointer {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, line[low] == 0x20 || line[low] == 0x22 { low += 1 }
    while low < high, line[high - 1] == 0x20 || line[high - 1] == 0x22 { high -= 1 }
    return UnsafeRawBufferPointer(rebasing: line[low..<high])
  }

  /// A cell as text, with bytes that are not UTF-8 replaced.
  static func text(_ cell: UnsafeRawBufferPointer) -> String {
    String(decoding: cell, as: UTF8.self)
  }
}
