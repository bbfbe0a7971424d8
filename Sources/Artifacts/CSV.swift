import Platform

/// Reads comma-separated values (RFC 4180) row by row, without copying the text.
///
/// Lines may end in LF, CRLF or CR, the last one in nothing; a UTF-8 byte order mark is skipped;
/// quoted cells may hold separators, line ends and doubled quotes.
public struct CSVReader: ~Copyable {
  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private let separator: UInt8
  private var position: Int
  private var nextLine = 1
  /// The line the last row started on, from 1.
  public private(set) var line = 0

  /// The memory of `bytes` must outlive the reader.
  public init(
    _ bytes: UnsafeRawBufferPointer, file: String, separator: Unicode.Scalar = ","
  ) {
    self.bytes = bytes
    self.file = file
    self.separator = UInt8(ascii: separator)
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next row's cells, or nil at the end. An empty line is a row with one empty cell.
  /// - Throws: `Fault` for an open quote, text after a closing quote, or text that is not UTF-8.
  public mutating func next() throws -> [String]? {
    guard position < bytes.count else { return nil }
    line = nextLine
    var cells: [String] = []
    while true {
      cells.append(try cell())
      guard position < bytes.count else { return cells }
      let byte = bytes[position]
      position += 1
      if byte == separator {
        if position == bytes.count { cells.append("") }
        continue
      }
      if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
      nextLine += 1
      return cells
    }
  }

  private mutating func cell() throws -> String {
    guard position < bytes.count, bytes[position] == 0x22 else {
      let start = position
      while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
      return try text(bytes[start..<position])
    }
    position += 1
    var content: [UInt8] = []
    while true {
      guard position < bytes.count else {
        throw Fault(.badInput, "a quoted cell does not end", at: .init(file, line: line))
      }
      let byte = bytes[position]
      position += 1
      if byte == 0x22 {
        guard position < bytes.count, bytes[position] == 0x22 else { break }
        position += 1
      }
      if byte == 0x0A { nextLine += 1 }
      content.append(byte)
    }
    guard position == bytes.count || isEnd(bytes[position]) else {
      throw Fault(.badInput, "text follows a closing quote", at: .init(file, line: nextLine))
    }
    return try text(content)
  }

  private func isEnd(_ byte: UInt8) -> Bool { byte == separator || byte == 0x0A || byte == 0x0D }

  private func text(_ content: some Collection<UInt8>) throws -> String {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw Fault(
        .badInput, "a cell is not UTF-8", at: .init(file, line: line),
        remedy: "save the table as UTF-8")
    }
    return text
  }
}

/// Writes comma-separated values.
public enum CSV {
  /// All rows of a text, each with the line it starts on.
  public static func rows(_ bytes: [UInt8], file: String, separator: Unicode.Scalar = ",") throws
    -> [(line: Int, cells: [String])]
  {
    try bytes.withUnsafeBytes { buffer in
      var reader = CSVReader(buffer, file: file, separator: separator)
      var rows: [(line: Int, cells: [String])] = []
      while let cells = try reader.next() { rows.append((reader.line, cells)) }
      return rows
    }
  }

  /// One line, ended by LF; cells are quoted where they must be.
  ///
  /// Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay.
  public static func line(_ cells: [String]) -> String {
    cells.map(quoted).joined(separator: ",") + "\n"
  }

  private static func quoted(_ cell: String) -> String {
    var cell = cell
    if let first = cell.utf8.first, "=+-@\t\r".utf8.contains(first), Double(cell) == nil {
      cell = "'" + cell
    }
    guard cell.utf8.contains(where: { ",\"\n\r".utf8.contains($0) }) else { return cell }
    var text = "\""
    for character in cell.unicodeScalars {
      if character == "\"" { text += "\"" }
      text.unicodeScalars.append(character)
    }
    return text + "\""
  }
}
