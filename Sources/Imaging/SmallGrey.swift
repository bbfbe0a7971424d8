import CCodecs

/// Small grey pictures that a table holds as text, tens of thousands of them.
public enum SmallGrey {
  /// Reads `count` decimal numbers of 0 to 255 parted by one space each; nil where the text is
  /// anything else, however slightly.
  public static func pixels(_ text: [UInt8], count: Int) -> [UInt8]? {
    var isRegular = false
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, found in
      text.withUnsafeBufferPointer {
        isRegular = ferry_read_grey($0.baseAddress, $0.count, target.baseAddress, count) != 0
      }
      found = isRegular ? count : 0
    }
    return isRegular ? pixels : nil
  }

  /// Makes a PNG whose pixels are stored, not packed; equal pixels give equal bytes.
  ///
  /// Small noisy pictures hardly shrink, and packing them would take more time than everything else
  /// together.
  /// - Parameter pixels: [height, width], 8 bits each.
  public static func storedPNG(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    precondition(width > 0 && height > 0 && pixels.count == width * height)
    let (width, height) = (UInt32(width), UInt32(height))
    let size = ferry_stored_grey_size(width, height)
    return [UInt8](unsafeUninitializedCapacity: size) { target, count in
      pixels.withUnsafeBufferPointer {
        ferry_store_grey($0.baseAddress, width, height, target.baseAddress)
      }
      count = size
    }
  }
}
