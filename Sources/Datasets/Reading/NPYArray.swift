import Platform

/// A NumPy array of numbers, or of strings that spell numbers.
///
/// Format: NEP 1 (`.npy` versions 1 to 3). Arrays of Python objects hold pickles and are refused.
package struct NPYArray: Equatable {
  package var shape: [Int]
  package var values: [Double]

  /// Reads an array of at most `limit` elements.
  package init(_ bytes: [UInt8], file: String, limit: Int = 1 << 16) throws {
    func wrong(_ reason: String) -> Fault {
      Fault(.badInput, "not an array of numbers: \(reason)", at: .init(file))
    }
    guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count >= 12 else {
      throw wrong("it does not begin as .npy files do")
    }
    let isWide = bytes[6] >= 2
    let start = isWide ? 12 : 10
    let length = (0..<(isWide ? 4 : 2)).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    guard (1...3).contains(bytes[6]), length <= bytes.count - start else {
      throw wrong("the header is cut")
    }
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard let type = Self.value(of: "descr", in: header), type.count >= 3,
      let dimensions = Self.tuple(of: "shape", in: header)
    else { throw wrong("the header lacks type or shape") }
    guard Self.value(of: "fortran_order", in: header) != "True" || dimensions.count < 2 else {
      throw wrong("it is in column order")
    }
    var count = 1
    for extent in dimensions {
      guard extent >= 0, extent <= limit, count * max(1, extent) <= limit else {
        throw wrong("it is too large")
      }
      count *= extent
    }
    shape = dimensions
    values = try Self.read(bytes[(start + length)...], type: type, count: count) {
      wrong($0)
    }
  }

  /// The only value of an array of one element.
  var scalar: Double? { values.count == 1 ? values[0] : nil }

  private static func value(of key: String, in header: String) -> Substring? {
    guard let rest = after(key, in: header) else { return nil }
    if let quote = rest.first, quote == "'" || quote == "\"" {
      return rest.dropFirst().prefix { $0 != quote }
    }
    return rest.prefix { $0.isLetter }
  }

  private static func tuple(of key: String, in header: String) -> [Int]? {
    guard let rest = after(key, in: header), rest.first == "(" else { return nil }
    let words = rest.dropFirst().prefix { $0 != ")" }.split(separator: ",")
    let numbers = words.compactMap { word in Int(word.filter { $0 != " " }) }
    return numbers.count == words.count(where: { $0.contains { $0 != " " } }) ? numbers : nil
  }

  private static func after(_ key: String, in header: String) -> Substring? {
    for quoted in ["'\(key)':", "\"\(key)\":"] {
      let bytes = Array(quoted.utf8)
      let text = Array(header.utf8)
      for start in text.indices where text[start...].starts(with: bytes) {
        let rest = String(decoding: text[(start + bytes.count)...], as: UTF8.self)
        return rest.drop { $0 == " " }
      }
    }
    return nil
  }

  private static func read(
    _ data: ArraySlice<UInt8>, type: Substring, count: Int, _ wrong: (String) -> Fault
  ) throws -> [Double] {
    let kind = type.dropFirst().first ?? "?"
    guard let width = Int(type.dropFirst(2)), "<|=".contains(type.first ?? "?") else {
      throw wrong("the type '\(type)' is not read")
    }
    let size = kind == "U" ? 4 * width : width
    guard size > 0, size <= 1 << 12, data.count == size * count else {
      throw wrong("it has \(data.count) bytes for \(count) elements of '\(type)'")
    }
    return try (0..<count).map { index in
      let element = Array(data.dropFirst(index * size).prefix(size))
      let bits = element.prefix(8).enumerated().reduce(UInt64(0)) {
        $0 | UInt64($1.element) << (8 * UInt64($1.offset))
      }
      switch (kind, width) {
      case ("f", 4): return Double(Float(bitPattern: UInt32(bits)))
      case ("f", 8): return Double(bitPattern: bits)
      case ("u", 1...8), ("b", 1): return Double(bits)
      case ("i", 1...8):
        let shift = UInt64(64 - 8 * width)
        return Double(Int64(bitPattern: bits << shift) >> Int64(shift))
      case ("U", _), ("S", _):
        let text = stride(from: 0, to: size, by: kind == "U" ? 4 : 1).map { element[$0] }
        let word = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        guard let number = Double(word) else { throw wrong("'\(word)' is not a number") }
        return number
      default: throw wrong("the type '\(type)' is not read")
      }
    }
  }
}
