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
