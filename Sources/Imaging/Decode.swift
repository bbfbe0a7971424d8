import CCodecs
import Platform

extension Image {
  /// The channels of a decoded picture.
  public enum Channels: Sendable {
    /// Three channels; grey is repeated.
    case rgb
    /// One channel; colour becomes BT.601 luma.
    case grey
    /// One channel where the file is grey, else three.
    case asStored
  }

  /// The most pixels that `decode` accepts unless told otherwise: 8192 x 8192.
  ///
  /// A header of a few bytes can claim any size; this bounds what a claim can cost.
  public static let defaultMaximumPixels = 1 << 26

  /// Decodes a JPEG, PNG, TIFF, WebP or BMP, told apart by their first bytes.
  ///
  /// JPEG: baseline, progressive and arithmetic-coded; grey, colour, CMYK and YCCK (taken as
  /// stored inverted, as Adobe writes them and Pillow reads them). PNG: every colour type, depth
  /// and interlacing. TIFF: what libtiff turns into 8-bit RGB, the first page. WebP: still pictures.
  /// 16 bits are rounded to 8 (cut, in a grey TIFF), transparency is composited on black. Colour profiles and gamma are
  /// ignored. An EXIF orientation is applied, so that the picture stands as viewers show it.
  ///
  /// A picture whose coded data is damaged or incomplete is refused as a whole: no half-grey
  /// picture is ever returned. A baseline JPEG that lacks only its end marker is accepted.
  /// - Parameter side: where only a small picture is wanted, a JPEG is decoded at 1/2, 1/4 or 1/8 of
  ///   its size as long as its shorter side keeps this many pixels; the work falls accordingly.
  /// - Throws: `Fault` of code `badInput` placed at `name`, and `unavailable` without memory.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, as wanted: Channels = .rgb,
    maximumPixels: Int = defaultMaximumPixels, noSmallerThan side: Int? = nil
  ) throws -> Image {
    do {
      let format = try PictureFormat(of: bytes)
      let stored =
        format == .bmp
        ? try decodeBMP(bytes, maximumPixels: maximumPixels)
        : try decodeStored(bytes, format: format, maximumPixels: maximumPixels, side: side)
      let orientation = EXIFOrientation.read(bytes, format: format)
      let upright = orientation.applied(to: stored)
      switch wanted {
      case .rgb: return upright.rgb()
      case .grey: return upright.grey()
      case .asStored: return upright
      }
    } catch let fault as Fault {
      throw fault.located(at: Fault.Place(name))
    }
  }

  /// Decodes a picture held in an array.
  public static func decode(
    _ bytes: [UInt8], name: String, as wanted: Channels = .rgb,
    maximumPixels: Int = defaultMaximumPixels, noSmallerThan side: Int? = nil
  ) throws -> Image {
    try bytes.withUnsafeBytes {
      try decode($0, name: name, as: wanted, maximumPixels: maximumPixels, noSmallerThan: side)
    }
  }

  /// Makes sure that a picture decodes, with less work than decoding where the format allows.
  ///
  /// Of a JPEG every code is followed to the end marker: nothing after that can fail. Where that finds
  /// fault, and in the other formats, the picture is decoded as `decode` would, and that decides.
  /// - Throws: what `decode` throws.
  public static func verify(
    _ bytes: [UInt8], name: String, maximumPixels: Int = defaultMaximumPixels
  ) throws {
    let isWhole = bytes.withUnsafeBufferPointer { source in
      guard source.starts(with: [0xFF, 0xD8]) else { return false }
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(FERRY_CODEC_MESSAGE)) {
        let most = UInt64(min(maximumPixels, coefficientPixels))
        return ferry_jpeg_verify(source.baseAddress, source.count, most, $0.baseAddress)
          == FERRY_CODEC_OK
      }
    }
    if !isWhole { _ = try decode(bytes, name: name, as: .asStored, maximumPixels: maximumPixels) }
  }

  /// Coefficients take six bytes a pixel: larger pictures are decoded row by row.
  private static let coefficientPixels = 1 << 21

  private static func decodeBMP(
    _ bytes: UnsafeRawBufferPointer, maximumPixels: Int
  ) throws -> Image {
    let file = try BMP(bytes)
    try check(file.width, file.height, maximumPixels)
    return try Image(width: file.width, height: file.height, channels: file.channels) {
      try file.read(into: $0)
    }
  }

  private static func check(_ width: Int, _ height: Int, _ maximumPixels: Int) throws {
    guard width > 0, height > 0, width <= maximumPixels / height else {
      throw Fault(
        .badInput,
        "a picture of \(width)x\(height) is more than the limit of \(maximumPixels) pixels",
        remedy: "reduce the picture, or raise the limit if it is genuine")
    }
  }

  private static func decodeStored(
    _ bytes: UnsafeRawBufferPointer, format: PictureFormat, maximumPixels: Int, side: Int?
  ) throws -> Image {
    let source = bytes.bindMemory(to: UInt8.self).baseAddress
    var decoder: OpaquePointer?
    var picture = ferry_picture()
    try withCodecMessage(format) { message in
      switch format {
      case .jpeg: ferry_jpeg_open(source, bytes.count, &decoder, &picture, message)
      case .png: ferry_png_open(source, bytes.count, &decoder, &picture, message)
      case .tiff: ferry_tiff_open(source, bytes.count, &decoder, &picture, message)
      case .webp, .bmp: ferry_webp_open(source, bytes.count, &decoder, &picture, message)
      }
    }
    defer { ferry_decoder_close(decoder) }
    try check(Int(picture.width), Int(picture.height), maximumPixels)
    if let side, format == .jpeg {
      let shorter = min(picture.width, picture.height)
      if let reduction = [8, 4, 2].first(where: { Int(shorter) / $0 >= side }) {
        ferry_jpeg_reduce(decoder, UInt32(reduction), &picture)
      }
    }
    return try Image(
      width: Int(picture.width), height: Int(picture.height), channels: Int(picture.channels)
    ) { target in
      try withCodecMessage(format) { ferry_decoder_read(decoder, target, $0) }
    }
  }
}

/// Calls into a codec and turns its status and message into a fault.
func withCodecMessage(
  _ format: PictureFormat, _ body: (UnsafeMutablePointer<CChar>) -> ferry_codec_status
) throws {
  try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(FERRY_CODEC_MESSAGE)) { buffer in
    guard let message = buffer.baseAddress else { return }
    message.initialize(to: 0)
    let status = body(message)
    guard status != FERRY_CODEC_OK else { return }
    let cause = String(cString: message)
    switch status {
    case FERRY_CODEC_TRUNCATED:
      throw Fault(
        .badInput, "the \(format.rawValue) is truncated",
        remedy: "fetch the file again, or leave it out", cause: cause)
    case FERRY_CODEC_UNSUPPORTED:
      throw Fault(
        .badInput, "this kind of \(format.rawValue) is not supported",
        remedy: "convert it to a baseline JPEG or a PNG", cause: cause)
    case FERRY_CODEC_MEMORY:
      throw Fault(.unavailable, "no memory for the \(format.rawValue)", cause: cause)
    default:
      throw Fault(
        .badInput, "the \(format.rawValue) is damaged",
        remedy: "fetch the file again, or leave it out", cause: cause)
    }
  }
}
