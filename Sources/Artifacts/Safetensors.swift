import Platform

/// The element types of safetensors that Ferry reads.
public enum ElementType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// Bytes an element.
  public var width: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

/// A tensor's place in a safetensors file.
public struct TensorEntry: Sendable, Equatable {
  public var name: String
  public var type: ElementType
  public var shape: [Int]
  /// Byte range in the data section.
  public var range: Range<Int>

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
}

/// A safetensors file, memory-mapped: opening reads only the header, tensors are views of the map.
public final class SafetensorsFile: Sendable {
  /// The largest header that is read.
  public static let headerLimit = 100_000_000

  public let path: String
  /// In the order of their data.
  public let entries: [TensorEntry]
  /// Tensors of types that Ferry does not read, such as F8_E4M3: their names and types.
  public let unread: [(name: String, type: String)]
  public let metadata: [String: String]
  private let map: MappedFile
  private let data: Int
  private let byName: [String: Int]

  /// Opens and validates a file: the tensors' offsets must tile the data section exactly.
  /// - Throws: `Fault` that names what is wrong with the header.
  public init(_ path: String) throws {
    self.path = path
    map = try MappedFile(path)
    let header = try map.withBytes { try SafetensorsHeader($0, file: path) }
    entries = header.entries
    unread = header.unread
    metadata = header.metadata
    data = header.dataStart
    byName = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  public subscript(name: String) -> TensorEntry? { byName[name].map { entries[$0] } }

  /// The entry `name`, which must exist with this type (and shape; nil matches any extent).
  /// - Throws: `Fault` naming what the file has instead.
  public func require(_ name: String, _ type: ElementType, shape: [Int?]? = nil) throws
    -> TensorEntry
  {
    guard let entry = self[name] else {
      let near = nearestWord(to: name, among: entries.map(\.name))
      throw Fault(
        .badInput, "the tensor '\(name)' is missing", at: .init(path),
        remedy: near.map { "the file has '\($0)'" })
    }
    let fits =
      shape.map {
        $0.count == entry.shape.count && zip($0, entry.shape).allSatisfy { $0 == nil || $0 == $1 }
      } ?? true
    guard entry.type == type, fits else {
      let wanted = shape.map {
        " [\($0.map { $0.map(String.init) ?? "any" }.joined(separator: ","))]"
      }
      throw Fault(
        .badInput,
        "the tensor '\(name)' is \(entry.type.rawValue) \(entry.shape), expected "
          + "\(type.rawValue)\(wanted ?? "")", at: .init(path))
    }
    return entry
  }

  /// Calls `body` with the bytes of a tensor, keeping the file mapped meanwhile.
  public func withBytes<R>(_ entry: TensorEntry, _ body: (UnsafeRawBufferPointer) throws -> R)
    rethrows -> R
  {
    try withExtendedLifetime(self) { try body(bytes(entry)) }
  }

  /// The bytes of a tensor, valid for as long as this object lives (see `MappedFile`).
  public func bytes(_ entry: TensorEntry) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      rebasing: map.bytes[(data + entry.range.lowerBound)..<(data + entry.range.upperBound)])
  }

  /// A copy of a tensor's elements as floats; F16, BF16 and F64 are converted.
  /// - Throws: `Fault` for integer types.
  public func floats(_ entry: TensorEntry) throws -> [Float] {
    switch entry.type {
    case .float32: return load(entry, UInt32.self) { Float(bitPattern: $0) }
    case .float64: return load(entry, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .bfloat16: return load(entry, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float16: return load(entry, UInt16.self) { widenHalf($0) }
    default:
      throw Fault(
        .badInput, "the tensor '\(entry.name)' is \(entry.type.rawValue), expected floats",
        at: .init(path))
    }
  }

  /// A copy of an I64 tensor's elements.
  public func integers(_ entry: TensorEntry) -> [Int] {
    precondition(entry.type == .int64)
    return load(entry, UInt64.self) { Int(Int64(bitPattern: $0)) }
  }

  private func load<Raw: FixedWidthInteger, T>(
    _ entry: TensorEntry, _: Raw.Type, _ convert: (Raw) -> T
  ) -> [T] {
    let width = MemoryLayout<Raw>.size
    return withBytes(entry) { raw in
      (0..<raw.count / width).map {
        convert(Raw(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * width, as: Raw.self)))
      }
    }
  }
}

/// Widens an IEEE 754 half-precision number.
public func widenHalf(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 31
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
