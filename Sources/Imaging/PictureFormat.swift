import Platform

/// The formats that can be decoded.
enum PictureFormat: String {
  case jpeg = "JPEG"
  case png = "PNG"
  case tiff = "TIFF"
  case webp = "WebP"
  case bmp = "BMP"

  private static let others: [(start: [UInt8], name: String)] = [
    ([0x47, 0x49, 0x46, 0x38], "a GIF"), ([0x52, 0x49, 0x46, 0x46], "a RIFF file without WebP"),
    ([0x49, 0x49, 0x2B, 0x00], "a BigTIFF"), ([0x3C], "a text (HTML or XML) file"),
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive"),
  ]

  init(of bytes: UnsafeRawBufferPointer) throws {
    guard let format = Self.recognised(bytes) else {
      let other = Self.others.first { bytes.starts(with: $0.start) }
      let what = bytes.isEmpty ? "an empty file" : other?.name
      throw Fault(
        .badInput,
        "neither a JPEG, PNG, TIFF, WebP nor BMP" + (what.map { ", but \($0)" } ?? ""),
        remedy: "convert the picture to JPEG or PNG, or leave it out")
    }
    self = format
  }

  private static func recognised(_ bytes: UnsafeRawBufferPointer) -> PictureFormat? {
    if bytes.starts(with: [0xFF, 0xD8]) { return .jpeg }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) { return .tiff }
    if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) { return .tiff }
    if bytes.starts(with: "RIFF".utf8), bytes.count >= 12,
      bytes[8..<12].elementsEqual("WEBP".utf8)
    {
      return .webp
    }
    return bytes.starts(with: "BM".utf8) ? .bmp : nil
  }

  /// The file name extension that tells what the bytes are.
  var fileExtension: String {
    switch self {
    case .jpeg: "jpg"
    case .png: "png"
    case .tiff: "tif"
    case .webp: "webp"
    case .bmp: "bmp"
    }
  }
}

/// Remarks about a picture file besides its pixels.
public struct PictureNotes: Sendable, Equatable {
  /// The extension that belongs to the bytes, `jpg`, whatever the file's own name says.
  public var fileExtension: String
  /// Whether the file has a colour profile (ICC), which decoding passes over.
  public var hasColourProfile: Bool

  /// The size that a picture file's header states, in pixels as they are stored; nil where there is
  /// none.
  public static func size(_ bytes: UnsafeRawBufferPointer) -> (width: Int, height: Int)? {
    guard let format = try? PictureFormat(of: bytes) else { return nil }
    return PictureHeader(bytes, format).size
  }

  /// Reads headers only.
  ///
  /// - Throws: `Fault` where the bytes are no picture.
  public init(_ bytes: [UInt8]) throws {
    let format = try bytes.withUnsafeBytes { try PictureFormat(of: $0) }
    fileExtension = format.fileExtension
    hasColourProfile = bytes.withUnsafeBytes { PictureHeader($0, format).hasColourProfile }
  }
}
