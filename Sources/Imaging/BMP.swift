import Platform

/// A BMP file: uncompressed, run-length coded (RLE4, RLE8) or with channel masks, of 1 to 32 bits.
///
/// Headers of OS/2 and of Windows 2 to 5 are read. Every offset and count is checked before use. The
/// fourth byte of a pixel is transparency only where the header gives it a mask; it is composited on
/// black, as in the other formats.
struct BMP {
  private enum Coding: Int { case plain = 0, runs8, runs4, masks, alphaMasks = 6 }

  let width: Int
  let height: Int
  /// 1 where every colour of the palette is grey, else 3.
  var channels: Int { isGrey ? 1 : 3 }

  private let bytes: UnsafeRawBufferPointer
  private let isTopDown: Bool
  private let depth: Int
  private let coding: Coding
  private let start: Int
  private var palette: [(UInt8, UInt8, UInt8)] = []
  private var masks: [Mask] = []

  /// The position of a channel in a pixel's bits.
  private struct Mask {
    var shift: UInt32
    var largest: UInt32

    init(_ bits: UInt32) throws {
      shift = bits == 0 ? 0 : UInt32(bits.trailingZeroBitCount)
      largest = bits >> shift
      guard largest & (largest &+ 1) == 0 else { throw BMP.damaged("a channel's mask has a gap") }
    }

    func value(_ pixel: UInt32) -> UInt8 {
      guard largest > 0 else { return 0 }
      return UInt8(UInt64(pixel >> shift & largest) * 255 / UInt64(largest))
    }
  }

  /// Reads the headers and the palette; `bytes` must outlive the value.
  init(_ bytes: UnsafeRawBufferPointer) throws {
    self.bytes = bytes
    let header = try Self.number(bytes, 14, 4)
    guard header == 12 || (16...256).contains(header), 14 + header <= bytes.count else {
      throw Self.damaged("a header of \(header) bytes")
    }
    func field(_ offset: Int, _ size: Int) throws -> Int {
      offset + size <= header ? try Self.number(bytes, 14 + offset, size) : 0
    }
    let isCore = header == 12
    width = isCore ? try field(4, 2) : Int(Int32(truncatingIfNeeded: try field(4, 4)))
    let rows = isCore ? try field(6, 2) : Int(Int32(truncatingIfNeeded: try field(8, 4)))
    isTopDown = rows < 0
    height = abs(rows)
    depth = isCore ? try field(10, 2) : try field(14, 2)
    start = try Self.number(bytes, 10, 4)
    guard width > 0, height > 0 else { throw Self.damaged("it is \(width)x\(rows)") }
    let number = isCore ? 0 : try field(16, 4)
    guard let coding = Coding(rawValue: number), [1, 4, 8, 16, 24, 32].contains(depth) else {
      throw Fault(
        .badInput, "this kind of BMP is not supported", remedy: "convert it to a PNG",
        cause: "\(depth) bits a pixel, coding \(number)")
    }
    self.coding = coding
    let isFitting =
      switch coding {
      case .plain: true
      case .runs8: depth == 8 && !isTopDown
      case .runs4: depth == 4 && !isTopDown
      case .masks, .alphaMasks: depth == 16 || depth == 32
      }
    guard isFitting else { throw Self.damaged("\(depth) bits a pixel do not go with its coding") }
    if depth > 8 {
      masks = try Self.masks(bytes, header, coding, depth)
    } else {
      palette = try Self.palette(bytes, header, used: try field(32, 4), depth, end: start)
    }
  }

  static func damaged(_ cause: String) -> Fault {
    Fault(
      .badInput, "the BMP is damaged", remedy: "fetch the file again, or leave it out",
      cause: cause)
  }

  private static func number(
    _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ size: Int
  ) throws -> Int {
    guard offset >= 0, offset + size <= bytes.count else { throw truncated }
    return (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
  }

  private static var truncated: Fault {
    Fault(
      .badInput, "the BMP is truncated", remedy: "fetch the file again, or leave it out",
      cause: "the file ends early")
  }

  private static func masks(
    _ bytes: UnsafeRawBufferPointer, _ header: Int, _ coding: Coding, _ depth: Int
  ) throws -> [Mask] {
    guard coding == .masks || coding == .alphaMasks else {
      return try (depth == 16 ? [0x7C00, 0x3E0, 0x1F] : [0xFF0000, 0xFF00, 0xFF]).map(Mask.init)
    }
    // A header of 40 bytes is followed by the masks; longer ones hold them at the same place.
    let count = header >= 56 || coding == .alphaMasks ? 4 : 3
    return try (0..<count).map { index in
      try Mask(UInt32(try number(bytes, 14 + 40 + 4 * index, 4)))
    }
  }

  private static func palette(
    _ bytes: UnsafeRawBufferPointer, _ header: Int, used: Int, _ depth: Int, end: Int
  ) throws -> [(UInt8, UInt8, UInt8)] {
    let size = header == 12 ? 3 : 4
    let first = 14 + header
    let room = max(0, min(end, bytes.count) - first) / size
    let count = min(used == 0 ? 1 << depth : min(used, 1 << depth), room)
    guard count > 0 else { throw damaged("it has no palette") }
    return (0..<count).map { index in
      let entry = first + index * size
      return (bytes[entry + 2], bytes[entry + 1], bytes[entry])
    }
  }

  private var isGrey: Bool { depth <= 8 && palette.allSatisfy { $0.0 == $0.1 && $0.1 == $0.2 } }

  /// Fills `target` with the picture, row by row from the top.
  func read(into target: UnsafeMutablePointer<UInt8>) throws {
    switch coding {
    case .plain, .masks, .alphaMasks: try readRows(target)
    case .runs8, .runs4:
      var runs = BMPRuns(bytes, from: start, width: width, height: height, isHalf: coding == .runs4)
      let indexes = try runs.decode()
      for y in 0..<height {
        // Run-length coded rows go from the bottom up.
        let row = (height - 1 - y) * width
        for x in 0..<width {
          try put(indexes[row + x], at: (y * width + x) * channels, target)
        }
      }
    }
  }

  private func readRows(_ target: UnsafeMutablePointer<UInt8>) throws {
    let stride = (width * depth + 31) / 32 * 4
    let needed = stride * (height - 1) + (width * depth + 7) / 8
    guard start >= 14, start <= bytes.count, needed <= bytes.count - start else {
      throw Self.truncated
    }
    let channels = channels
    for y in 0..<height {
      let row = UnsafeRawBufferPointer(
        rebasing: bytes[(start + (isTopDown ? y : height - 1 - y) * stride)...])
      let line = target + y * width * channels
      if depth <= 8 {
        for x in 0..<width {
          let bit = x * depth
          let index = row[bit / 8] >> UInt8(8 - depth - bit % 8) & UInt8((1 << depth) - 1)
          try put(index, at: x * channels, line)
        }
      } else if depth == 24 {
        for x in 0..<width {
          for c in 0..<3 { line[3 * x + c] = row[3 * x + 2 - c] }
        }
      } else {
        masked(row, line)
      }
    }
  }

  private func put(_ index: UInt8, at position: Int, _ target: UnsafeMutablePointer<UInt8>) throws {
    guard Int(index) < palette.count else {
      throw Self.damaged("a pixel has colour \(index) of \(palette.count)")
    }
    let colour = palette[Int(index)]
    target[position] = colour.0
    guard channels == 3 else { return }
    target[position + 1] = colour.1
    target[position + 2] = colour.2
  }

  private func masked(_ row: UnsafeRawBufferPointer, _ line: UnsafeMutablePointer<UInt8>) {
    let size = depth / 8
    for x in 0..<width {
      let pixel = (0..<size).reduce(UInt32(0)) { $0 | UInt32(row[x * size + $1]) << UInt32(8 * $1) }
      let alpha = masks.count == 4 && masks[3].largest > 0 ? Int(masks[3].value(pixel)) : 255
      for c in 0..<3 {
        let product = Int(masks[c].value(pixel)) * alpha + 128
        line[3 * x + c] = UInt8((product >> 8 + product) >> 8)
      }
    }
  }
}

/// The run-length coding of BMP: counts and colour numbers, from the bottom row up.
struct BMPRuns {
  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let width: Int
  private let height: Int
  private let isHalf: Bool
  private var x = 0
  private var y = 0

  /// - Parameter isHalf: whether a byte holds two colour numbers (RLE4).
  init(
    _ bytes: UnsafeRawBufferPointer, from start: Int, width: Int, height: Int, isHalf: Bool
  ) {
    self.bytes = bytes
    position = start
    self.width = width
    self.height = height
    self.isHalf = isHalf
  }

  private mutating func byte() throws -> UInt8 {
    guard position >= 0, position < bytes.count else {
      throw Fault(
        .badInput, "the BMP is truncated", remedy: "fetch the file again, or leave it out",
        cause: "the runs have no end mark")
    }
    defer { position += 1 }
    return bytes[position]
  }

  /// The picture's colour numbers, the bottom row first; what no run covers has colour 0.
  mutating func decode() throws -> [UInt8] {
    var indexes = [UInt8](repeating: 0, count: width * height)
    while true {
      let count = Int(try byte())
      let value = try byte()
      if count > 0 {
        for k in 0..<count { try put(half(value, k), &indexes) }
        continue
      }
      switch value {
      case 0:
        x = 0
        y += 1
      case 1: return indexes
      case 2:
        x += Int(try byte())
        y += Int(try byte())
      default: try literal(Int(value), &indexes)
      }
      if y > height { throw BMP.damaged("its runs leave the picture") }
    }
  }

  /// Colour numbers written out, padded to a whole number of words.
  private mutating func literal(_ count: Int, _ indexes: inout [UInt8]) throws {
    var pair: UInt8 = 0
    for k in 0..<count {
      if !isHalf || k % 2 == 0 { pair = try byte() }
      try put(half(pair, k), &indexes)
    }
    let read = isHalf ? (count + 1) / 2 : count
    if read % 2 == 1 { _ = try byte() }
  }

  private func half(_ value: UInt8, _ k: Int) -> UInt8 {
    isHalf ? (k % 2 == 0 ? value >> 4 : value & 15) : value
  }

  private mutating func put(_ index: UInt8, _ indexes: inout [UInt8]) throws {
    guard x < width, y < height else { throw BMP.damaged("its runs leave the picture") }
    indexes[y * width + x] = index
    x += 1
  }
}
