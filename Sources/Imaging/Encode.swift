import CCodecs

extension Image {
  /// How the colour of a JPEG is stored.
  public enum ChromaSubsampling: Int32, Sendable {
    /// 4:4:4, colour at full resolution.
    case none = 1
    /// 4:2:0, colour at half resolution in each direction.
    case half = 2
  }

  /// Encodes a baseline JPEG; equal pictures give equal bytes.
  ///
  /// - Parameter quality: libjpeg's scale, 1 ... 100.
  /// - Throws: `Fault` where the picture is too large for the format (65,500 a side) or for memory.
  public func jpeg(
    quality: Int = 95, chromaSubsampling: ChromaSubsampling = .half
  ) throws -> [UInt8] {
    precondition((1...100).contains(quality))
    return try encoded(as: .jpeg) { source, out, message in
      ferry_jpeg_encode(
        source, UInt32(width), UInt32(height), UInt32(channels), Int32(quality),
        chromaSubsampling.rawValue, out, message)
    }
  }

  /// Encodes an 8-bit PNG without ancillary chunks; equal pictures give equal bytes.
  ///
  /// - Parameter level: zlib's effort, 0 ... 9; nil for photographs, in which strings do not repeat:
  ///   several times as fast for a few bytes in a hundred more.
  public func png(level: Int? = 6) throws -> [UInt8] {
    precondition(level.map((0...9).contains) ?? true)
    return try encoded(as: .png) { source, out, message in
      ferry_png_encode(
        source, UInt32(width), UInt32(height), UInt32(channels), Int32(level ?? -1), out, message)
    }
  }

  private func encoded(
    as format: PictureFormat,
    _ encode: (
      UnsafePointer<UInt8>?, UnsafeMutablePointer<ferry_bytes>, UnsafeMutablePointer<CChar>
    ) -> ferry_codec_status
  ) throws -> [UInt8] {
    var out = ferry_bytes()
    defer { ferry_bytes_free(&out) }
    try pixels.withUnsafeBufferPointer { source in
      try withCodecMessage(format) { encode(source.baseAddress, &out, $0) }
    }
    return Array(UnsafeBufferPointer(start: out.bytes, count: out.count))
  }
}
