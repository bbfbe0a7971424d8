import CCodecs
import Platform

extension Image {
  /// What a decoded picture's channels shall be.
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

  /// Decodes a JPEG or a PNG, told apart by its first bytes.
  ///
  /// JPEG: baseline, progressive and arithmetic-coded; grey, colour, CMYK and YCCK (taken as
  /// stored inverted, as Adobe writes them and Pillow reads them). PNG: every colour type, depth
  /// and interlacing; 16 bits are rounded to 8, transparency is composited on black. Colour
  /// profiles and gamma are ignored. An EXIF orientation is applied, so that the picture stands
  /// as viewers show it.
  ///
  /// A picture whose coded data is damaged or incomplete is refused as a whole: no half-grey
  /// picture is ever returned. A baseline JPEG that lacks only its end marker is accepted.
  /// - Throws: `Fault` of code `badInput` placed at `name`, and `unavailable` without memory.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, as wanted: Channels = .rgb,
    maximumPixels: Int = defaultMaximumPixels
  ) throws -> Image {
    do {
      let format = try PictureFormat(of: bytes)
      let stored = try decodeStored(bytes, format: format, maximumPixels: maximumPixels)
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

  /// Decodes a JPEG or a PNG held in an array.
  public static func decode(
    _ bytes: [UInt8], name: String, as wanted: Channels = .rgb,
    maximumPixels: Int = defaultMaximumPixels
  ) throws -> Image {
    try bytes.withUnsafeBytes {
      try decode($0, name: name, as: wanted, maximumPixels: maximumPixels)
    }
  }

  private static func decodeStored(
    _ bytes: UnsafeRawBufferPointer, format: PictureFormat, maximumPixels: Int
  ) throws -> Image {
    let source = bytes.bindMemory(to: UInt8.self).baseAddress
    var decoder: OpaquePointer?
    var picture = ferry_picture()
    try withCodecMessage(format) { message in
      switch format {
      case .jpeg: ferry_jpeg_open(source, bytes.count, &decoder, &picture, message)
      case .png: ferry_png_open(source, bytes.count, &decoder, &picture, message)
      }
    }
    defer { ferry_decoder_close(decoder) }
    let width = Int(picture.width)
    let height = Int(picture.height)
    guard width > 0, height > 0, width <= maximumPixels / height else {
      throw Fault(
        .badInput,
        "a picture of \(width)x\(height) is more than the limit of \(maximumPixels) pixels",
        remedy: "reduce the picture, or raise the limit if it is genuine")
    }
    return try Image(width: width, height: height, channels: Int(picture.channels)) { target in
      try withCodecMessage(format) { ferry_decoder_read(decoder, target, $0) }
    }
  }
}

/// The formats that can be decoded.
enum PictureFormat: String {
  case jpeg = "JPEG"
  case png = "PNG"

  private static let others: [(start: [UInt8], name: String)] = [
    ([0x47, 0x49, 0x46, 0x38], "a GIF"), ([0x42, 0x4D], "a BMP"),
    ([0x49, 0x49, 0x2A, 0x00], "a TIFF"), ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF"),
    ([0x52, 0x49, 0x46, 0x46], "a WebP or another RIFF file"),
    ([0x3C], "a text (HTML or XML) file"), ([0x50, 0x4B, 0x03, 0x04], "a zip archive"),
  ]

  init(of bytes: UnsafeRawBufferPointer) throws {
    if bytes.starts(with: [0xFF, 0xD8]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      let other = Self.others.first { bytes.starts(with: $0.start) }
      let what = bytes.isEmpty ? "an empty file" : other?.name
      throw Fault(
        .badInput, "neither a JPEG nor a PNG" + (what.map { ", but \($0)" } ?? ""),
        remedy: "convert the picture to JPEG or PNG, or leave it out")
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
