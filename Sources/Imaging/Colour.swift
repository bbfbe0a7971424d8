extension Image {
  /// The luma of a colour picture (ITU-R BT.601), rounded as Pillow rounds; grey stays as it is.
  ///
  /// Equation: L = (19595 R + 38470 G + 7471 B + 32768) / 65536.
  public func grey() -> Image {
    guard channels == 3 else { return self }
    return Image(width: width, height: height, channels: 1) { target in
      pixels.withUnsafeBufferPointer { source in
        for index in 0..<width * height {
          target[index] = luma(source[3 * index], source[3 * index + 1], source[3 * index + 2])
        }
      }
    }
  }

  /// The picture with three channels; grey is repeated.
  public func rgb() -> Image {
    guard channels == 1 else { return self }
    return Image(width: width, height: height, channels: 3) { target in
      pixels.withUnsafeBufferPointer { source in
        for index in 0..<width * height {
          let value = source[index]
          target[3 * index] = value
          target[3 * index + 1] = value
          target[3 * index + 2] = value
        }
      }
    }
  }
}

@inline(__always)
func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  let sum = UInt32(red) * 19595 + UInt32(green) * 38470 + UInt32(blue) * 7471 + 32768
  return UInt8(truncatingIfNeeded: sum >> 16)
}
