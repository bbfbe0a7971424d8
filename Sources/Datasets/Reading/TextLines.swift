import Platform

/// A line of an annotation file and where it stands.
struct TextLine {
  /// A word of the line and the column it starts in, from 1.
  struct Field {
    var text: String
    var column: Int
  }

  var file: String
  /// From 1.
  var number: Int
  /// Without line end.
  var text: String

  func place(column: Int? = nil) -> Fault.Place { .init(file, line: number, column: column) }

  /// The words between blanks and tabs.
  var fields: [Field] {
    var fields: [Field] = []
    var current: [UInt8] = []
    var start = 0
    for (index, byte) in (Array(text.utf8) + [0x20]).enumerated() {
      if byte == 0x20 || byte == 0x09 {
        if !current.isEmpty {
          fields.append(Field(text: String(decoding: current, as: UTF8.self), column: start + 1))
        }
        current = []
      } else {
        if current.isEmpty { start = index }
        current.append(byte)
      }
    }
    return fields
  }

  /// The numbers of the line, of which there must be `count`.
  func numbers(_ count: Int, _ what: String) throws -> [Double] {
    let fields = fields
    guard fields.count == count else {
      throw Fault(
        .badInput, "\(what): \(fields.count) values instead of \(count)", at: place(),
        remedy: "the annotation file is damaged")
    }
    return try fields.map { field in
      guard let number = Double(field.text), number.isFinite else {
        throw Fault(
          .badInput, "\(what): '\(field.text)' is not a number", at: place(column: field.column))
      }
      return number
    }
  }

  /// All lines that are not blank; lines end in LF, CRLF or CR, the last one in anything; a byte
  /// order mark is skipped.
  static func all(_ bytes: [UInt8], file: String) throws -> [TextLine] {
    try EntryLines.check(bytes, file: file, most: EntryLines.mostListed)
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    guard let text = String(validating: body, as: UTF8.self) else {
      throw Fault(.badInput, "the annotation file is not UTF-8 text", at: .init(file))
    }
    var lines: [TextLine] = []
    var number = 1
    for line in text.unicodeScalars.splitLines() {
      if line.contains(where: { $0 != " " && $0 != "\t" }) {
        lines.append(TextLine(file: file, number: number, text: String(line)))
      }
      number += 1
    }
    return lines
  }
}

extension String.UnicodeScalarView {
  fileprivate func splitLines() -> [Substring.UnicodeScalarView] {
    var lines: [Substring.UnicodeScalarView] = []
    var start = startIndex
    var index = startIndex
    while index < endIndex {
      let scalar = self[index]
      let next = self.index(after: index)
      if scalar == "\n" || scalar == "\r" {
        lines.append(self[start..<index])
        start = next
        if scalar == "\r", next < endIndex, self[next] == "\n" { start = self.index(after: next) }
        index = start
      } else {
        index = next
      }
    }
    lines.append(self[start..<endIndex])
    return lines
  }
}
