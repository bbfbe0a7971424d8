/// How the stored rows of a picture relate to the upright picture (EXIF 2.3, tag 0x0112).
///
/// What cannot be understood counts as upright.
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
    PictureHeader(bytes, format).firstEXIF { directory in
      TIFFDirectory(directory)?.value(of: 0x0112).flatMap { type, number in
        type == 3 ? EXIFOrientation(rawValue: UInt16(number)) : nil
      }
    } ?? .upright
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
