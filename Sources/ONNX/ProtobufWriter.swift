/// Writes messages in Protocol Buffers' wire format: the few kinds of fields that ONNX uses.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// A whole number; negative ones take ten bytes.
  mutating func integer(_ field: Int, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    fixed(value)
  }

  mutating func string(_ field: Int, _ value: String) { data(field, Array(value.utf8)) }

  mutating func data(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  /// Several whole numbers in one field.
  mutating func packed(_ field: Int, _ values: [Int]) {
    guard !values.isEmpty else { return }
    var inner = ProtobufWriter()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    data(field, inner.bytes)
  }

  /// A message inside this one.
  mutating func message(_ field: Int, _ build: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    build(&inner)
    data(field, inner.bytes)
  }

  private mutating func key(_ field: Int, _ wire: UInt64) { varint(UInt64(field) << 3 | wire) }

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value > 0x7F {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  private mutating func fixed(_ value: Float) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }
}
