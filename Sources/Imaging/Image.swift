/// A picture in memory: 8-bit sRGB or grey samples, interleaved, rows from top to bottom.
///
/// Coordinates put pixel centres at integer + 0.5 and the origin at the top-left corner.
public struct Image: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// Samples `[(y * width + x) * channels + c]`; their number never changes.
  public var pixels: [UInt8] {
    // The loops in C trust the count.
    didSet { precondition(pixels.count == width * height * channels) }
  }

  /// Creates a picture from its samples.
  ///
  /// Shapes: `pixels` [height, width, channels].
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && (channels == 1 || channels == 3))
    precondition(pixels.count == width * height * channels)
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Creates a picture of one value.
  public init(width: Int, height: Int, channels: Int, filledWith value: UInt8 = 0) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: Array(repeating: value, count: width * height * channels))
  }

  /// Samples a row.
  public var stride: Int { width * channels }

  /// Copies a picture of as many channels into this one, its top-left corner at (x, y); what lies
  /// outside is left out.
  ///
  /// In place, which a change of `pixels` from another module is not: there it costs a copy of the
  /// whole.
  public mutating func paste(_ picture: Image, x: Int, y: Int) {
    precondition(picture.channels == channels, "pictures of other channels are converted first")
    let columns = max(0, -x)..<max(max(0, -x), min(picture.width, width - x))
    let rows = max(0, -y)..<max(max(0, -y), min(picture.height, height - y))
    guard !columns.isEmpty else { return }
    let (stride, count) = (stride, columns.count * channels)
    let start = (x + columns.lowerBound) * channels
    let skipped = columns.lowerBound * channels
    pixels.withUnsafeMutableBufferPointer { target in
      picture.pixels.withUnsafeBufferPointer { source in
        for row in rows {
          let to = (y + row) * stride + start
          let from = row * picture.stride + skipped
          for offset in 0..<count { target[to + offset] = source[from + offset] }
        }
      }
    }
  }

  public subscript(x: Int, y: Int, c: Int) -> UInt8 {
    get { pixels[(y * width + x) * channels + c] }
    set { pixels[(y * width + x) * channels + c] = newValue }
  }

  /// Creates a picture by filling fresh memory, so that hot loops skip a zeroing pass.
  init(
    width: Int, height: Int, channels: Int,
    fill: (UnsafeMutablePointer<UInt8>) throws -> Void
  ) rethrows {
    let count = width * height * channels
    let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      try fill(base)
      filled = count
    }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }
}
