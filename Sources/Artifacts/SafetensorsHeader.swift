import Platform

/// The checked header of a safetensors file.
struct SafetensorsHeader {
  let entries: [TensorEntry]
  /// Tensors of types that Ferry does not read.
  let unread: [(name: String, type: String)]
  let metadata: [String: String]
  /// The offset of the data section.
  let dataStart: Int
  private let file: String

  init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    self.file = file
    func fault(_ message: String) -> Fault {
      Fault(.badInput, "not a valid safetensors file: \(message)", at: .init(file))
    }
    guard bytes.count >= 8 else { throw fault("it has \(bytes.count) bytes, fewer than 8") }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= SafetensorsFile.headerLimit else {
      throw fault("the header claims \(length) bytes, more than the limit")
    }
    guard 8 + Int(length) <= bytes.count else {
      throw fault("the header claims \(length) bytes, the file ends before")
    }
    let text = bytes[8..<8 + Int(length)]
    guard text.first == UInt8(ascii: "{") else { throw fault("the header is not a JSON object") }
    let json = try JSONValue.parse(text, file: file)
    dataStart = 8 + Int(length)
    metadata = try Self.metadata(json, fault)
    let all = try Self.entries(json, size: bytes.count - dataStart, fault)
    entries = all.compactMap(\.entry)
    unread = all.filter { $0.entry == nil }.map { ($0.name, $0.type) }
  }

  private static func metadata(_ json: JSONValue, _ fault: (String) -> Fault) throws
    -> [String: String]
  {
    guard let value = json["__metadata__"] else { return [:] }
    guard let members = value.object else { throw fault("__metadata__ is not a map") }
    return try members.mapValues {
      guard let text = $0.string else { throw fault("__metadata__ holds other than strings") }
      return text
    }
  }

  private static func entries(_ json: JSONValue, size: Int, _ fault: (String) -> Fault) throws
    -> [Place]
  {
    var entries: [Place] = []
    for (name, value) in json.object ?? [:] where name != "__metadata__" {
      entries.append(try entry(name, value, size: size, fault))
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name)
        < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var end = 0
    for entry in entries {
      guard entry.range.lowerBound == end else {
        throw fault("'\(entry.name)' starts at \(entry.range.lowerBound), expected \(end)")
      }
      end = entry.range.upperBound
    }
    guard end == size else { throw fault("the tensors end at \(end), the data at \(size)") }
    return entries
  }

  private static func entry(
    _ name: String, _ value: JSONValue, size: Int, _ fault: (String) -> Fault
  ) throws -> Place {
    guard let members = value.object, members.count == 3, let word = members["dtype"]?.string,
      let shape = members["shape"]?.array?.map(\.integer),
      let offsets = members["data_offsets"]?.array?.map(\.integer), offsets.count == 2
    else { throw fault("'\(name)' needs exactly dtype, shape and two data_offsets") }
    let type = ElementType(rawValue: word)
    guard let bits = type.map({ $0.width * 8 }) ?? Self.otherBits[word] else {
      throw fault("'\(name)' has the unknown type '\(word)'")
    }
    guard let start = offsets[0], let end = offsets[1], start >= 0, start <= end, end <= size
    else { throw fault("'\(name)' lies outside the file") }
    var size = bits
    for extent in shape {
      guard let extent, extent >= 0 else { throw fault("'\(name)' has a bad shape") }
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw fault("'\(name)' has a shape too large to count") }
      size = product
    }
    guard size % 8 == 0, size / 8 == end - start else {
      throw fault("'\(name)' needs \(size / 8) bytes, its offsets span \(end - start)")
    }
    let entry = type.map {
      TensorEntry(name: name, type: $0, shape: shape.map { $0 ?? 0 }, range: start..<end)
    }
    return Place(name: name, type: word, range: start..<end, entry: entry)
  }

  /// The location of a tensor of any type.
  private struct Place {
    var name: String
    var type: String
    var range: Range<Int>
    /// Nil for a type that Ferry does not read.
    var entry: TensorEntry?
  }

  /// Bits an element of the format's types that Ferry does not read.
  private static let otherBits = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64,
  ]
}
