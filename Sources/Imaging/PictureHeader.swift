/// The parts of a picture file around its pixels, walked with bounds checked and never by the codecs.
///
/// What cannot be understood is passed over: a broken note is no reason to lose a picture.
struct PictureHeader {
  private let bytes: UnsafeRawBufferPointer
  private let format: PictureFormat

  init(_ bytes: UnsafeRawBufferPointer, _ format: PictureFormat) {
    self.bytes = bytes
    self.format = format
  }

  /// The bytes of the EXIF directory (a TIFF structure) that states an orientation.
  func firstEXIF<R>(_ read: (UnsafeRawBufferPointer) -> R?) -> R? {
    switch format {
    case .jpeg:
      return firstSegment { marker, body in
        marker == 0xE1 && body.count > 6 && body.starts(with: Self.exif) ? read(part(body, 6)) : nil
      }
    case .png: return firstChunk { $0.elementsEqual("eXIf".utf8) ? read($1) : nil }
    case .webp:
      return firstRIFFChunk { kind, body in
        guard kind.elementsEqual("EXIF".utf8) else { return nil }
        return read(body.starts(with: Self.exif) ? part(body, 6) : body)
      }
    case .tiff: return read(bytes)
    case .bmp: return nil
    }
  }

  private static let exif: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

  private func part(_ body: UnsafeRawBufferPointer, _ start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: body[start...])
  }

  var hasColourProfile: Bool {
    let found: Bool? =
      switch format {
      case .jpeg:
        firstSegment { $0 == 0xE2 && $1.starts(with: "ICC_PROFILE\0".utf8) ? true : nil }
      case .png: firstChunk { kind, _ in kind.elementsEqual("iCCP".utf8) ? true : nil }
      case .webp: firstRIFFChunk { kind, _ in kind.elementsEqual("ICCP".utf8) ? true : nil }
      case .tiff: TIFFDirectory(bytes)?.value(of: 34675) == nil ? nil : true
      case .bmp: nil
      }
    return found ?? false
  }

  /// The size that the file states, before any turn that EXIF asks for.
  var size: (width: Int, height: Int)? {
    switch format {
    case .jpeg:
      return firstSegment { marker, body in
        // Frames start with C0 to CF, but for tables (C4), what is reserved (C8) and arithmetic (CC).
        guard marker & 0xF0 == 0xC0, ![0xC4, 0xC8, 0xCC].contains(marker), body.count >= 5 else {
          return nil
        }
        return (Self.big(body[3..<5]), Self.big(body[1..<3]))
      }
    case .png:
      return bytes.count < 24 ? nil : (Self.big(bytes[16..<20]), Self.big(bytes[20..<24]))
    case .webp: return firstRIFFChunk { $1.count < 10 ? nil : Self.webpSize($0, $1) }
    case .tiff:
      let directory = TIFFDirectory(bytes)
      guard let width = directory?.value(of: 256), let height = directory?.value(of: 257) else {
        return nil
      }
      return (width.number, height.number)
    case .bmp:
      guard bytes.count >= 26 else { return nil }
      // A negative height counts from the top.
      let height = Int(Int32(truncatingIfNeeded: Self.little(bytes[22..<26])))
      return (Self.little(bytes[18..<22]), abs(height))
    }
  }

  private static func webpSize(
    _ kind: Slice<UnsafeRawBufferPointer>, _ body: UnsafeRawBufferPointer
  ) -> (width: Int, height: Int)? {
    switch String(decoding: kind, as: UTF8.self) {
    case "VP8X": return (little(body[4..<7]) + 1, little(body[7..<10]) + 1)
    case "VP8L":
      let bits = little(body[1..<5])
      return ((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
    case "VP8 ": return (little(body[6..<8]) & 0x3FFF, little(body[8..<10]) & 0x3FFF)
    default: return nil
    }
  }

  private static func big(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  private static func little(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// What `read` first makes of a JPEG segment before the first scan: its marker and body.
  private func firstSegment<R>(_ read: (UInt8, UnsafeRawBufferPointer) -> R?) -> R? {
    var position = 2
    while position + 4 <= bytes.count {
      guard bytes[position] == 0xFF else {
        position += 1
        continue
      }
      let marker = bytes[position + 1]
      switch marker {
      case 0xFF: position += 1
      case 0x00, 0x01, 0xD0...0xD8: position += 2
      case 0xD9, 0xDA: return nil
      default:
        let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
        let start = position + 4
        let end = max(start, min(position + 2 + length, bytes.count))
        if let found = read(marker, UnsafeRawBufferPointer(rebasing: bytes[start..<end])) {
          return found
        }
        position += 2 + max(2, length)
      }
    }
    return nil
  }

  /// What `read` first makes of a PNG chunk before the pixels: its kind and body.
  private func firstChunk<R>(
    _ read: (Slice<UnsafeRawBufferPointer>, UnsafeRawBufferPointer) -> R?
  ) -> R? {
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard length <= bytes.count - start - 4 else { return nil }
      let body = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
      if let found = read(bytes[position + 4..<start], body) { return found }
      position = start + length + 4
    }
    return nil
  }

  /// What `read` first makes of a chunk of a RIFF file.
  private func firstRIFFChunk<R>(
    _ read: (Slice<UnsafeRawBufferPointer>, UnsafeRawBufferPointer) -> R?
  ) -> R? {
    var position = 12
    while position + 8 <= bytes.count {
      let length = bytes[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard length <= bytes.count - start else { return nil }
      let body = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
      if let found = read(bytes[position..<position + 4], body) { return found }
      position = start + length + length % 2
    }
    return nil
  }
}

/// The first directory of a TIFF structure.
struct TIFFDirectory {
  private let bytes: UnsafeRawBufferPointer
  private let isLittleEndian: Bool
  private let entries: Range<Int>

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8 else { return nil }
    self.bytes = bytes
    isLittleEndian = bytes[0] == 0x49
    let start = Self.number(bytes, 4, 4, isLittleEndian)
    guard start >= 8, start + 2 <= bytes.count else { return nil }
    let count = Self.number(bytes, start, 2, isLittleEndian)
    entries = start + 2..<min(start + 2 + 12 * count, bytes.count)
  }

  private static func number(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ size: Int, _ little: Bool
  ) -> Int {
    (0..<size).reduce(0) { value, index in
      value << 8 | Int(bytes[offset + (little ? size - 1 - index : index)])
    }
  }

  /// The first value of a tag: of type SHORT the number itself, of others the field's four bytes.
  func value(of tag: Int) -> (type: Int, number: Int)? {
    for offset in stride(from: entries.lowerBound, to: entries.upperBound - 11, by: 12) {
      func number(_ at: Int, _ size: Int) -> Int {
        Self.number(bytes, offset + at, size, isLittleEndian)
      }
      guard number(0, 2) == tag else { continue }
      let type = number(2, 2)
      return (type, number(8, type == 3 ? 2 : 4))
    }
    return nil
  }
}
