/// How the stored rows of a picture relate to the upright picture (EXIF 2.3, tag 0x0112).
///
/// The metadata is read here, with bounds checked, and never by the codecs. What cannot be
/// understood counts as upright: a broken note is no reason to lose a picture.
enum EXIFOrientation: UInt16 {
  case upright = 1
  case mirrored = 2
  case turnedHalf = 3
  case flipped = 4
  case transposed = 5
  case needsClockwise = 6
  case transversed = 7
  case needsCounterclockwise = 8

  static func read(_ bytes: UnsafeRawBufferPointer, format: PictureFormat) -> EXIFOrientation {
    switch format {
    case .jpeg: readJPEG(bytes) ?? .upright
    case .png: readPNG(bytes) ?? .upright
    }
  }

  /// The first orientation among the APP1 segments before the first scan.
  private static func readJPEG(_ bytes: UnsafeRawBufferPointer) -> EXIFOrientation? {
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
        let end = min(position + 2 + length, bytes.count)
        if marker == 0xE1, end - start > 6, bytes[start...].starts(with: exifHeader),
          let found = readTIFF(UnsafeRawBufferPointer(rebasing: bytes[start + 6..<end]))
        {
          return found
        }
        position += 2 + max(2, length)
      }
    }
    return nil
  }

  private static let exifHeader: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

  private static func readPNG(_ bytes: UnsafeRawBufferPointer) -> EXIFOrientation? {
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let start = position + 8
      guard length <= bytes.count - start - 4 else { return nil }
      if bytes[position + 4..<start].elementsEqual("eXIf".utf8) {
        return readTIFF(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
      }
      position = start + length + 4
    }
    return nil
  }

  /// Reads the first directory of a TIFF structure.
  private static func readTIFF(_ bytes: UnsafeRawBufferPointer) -> EXIFOrientation? {
    guard bytes.count >= 8 else { return nil }
    let little = bytes[0] == 0x49
    func number(_ offset: Int, _ size: Int) -> Int {
      (0..<size).reduce(0) { value, index in
        value << 8 | Int(bytes[offset + (little ? size - 1 - index : index)])
      }
    }
    let directory = number(4, 4)
    guard directory >= 8, directory + 2 <= bytes.count else { return nil }
    for entry in 0..<number(directory, 2) {
      let offset = directory + 2 + 12 * entry
      guard offset + 12 <= bytes.count else { return nil }
      if number(offset, 2) == 0x0112, number(offset + 2, 2) == 3 {
        return EXIFOrientation(rawValue: UInt16(number(offset + 8, 2)))
      }
    }
    return nil
  }

  /// Returns the upright picture.
  func applied(to image: Image) -> Image {
    if self == .upright { return image }
    let (width, height, channels) = (image.width, image.height, image.channels)
    let swaps = rawValue >= 5
    // The stored position of the upright pixel (x, y) is origin + x * right + y * down.
    let (origin, right, down): (Int, Int, Int) =
      switch self {
      case .upright: (0, 1, width)
      case .mirrored: (width - 1, -1, width)
      case .turnedHalf: (width * height - 1, -1, -width)
      case .flipped: (width * (height - 1), 1, -width)
      case .transposed: (0, width, 1)
      case .needsClockwise: (width * (height - 1), -width, 1)
      case .transversed: (width * height - 1, -width, -1)
      case .needsCounterclockwise: (width - 1, width, -1)
      }
    let (newWidth, newHeight) = swaps ? (height, width) : (width, height)
    return Image(width: newWidth, height: newHeight, channels: channels) { target in
      image.pixels.withUnsafeBufferPointer { source in
        var index = 0
        for y in 0..<newHeight {
          var position = (origin + y * down) * channels
          for _ in 0..<newWidth {
            for c in 0..<channels { target[index + c] = source[position + c] }
            index += channels
            position += right * channels
          }
        }
      }
    }
  }
}
