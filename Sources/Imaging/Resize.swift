import CCodecs

extension Image {
  /// A resampling kernel.
  public enum Filter: String, Sendable, CaseIterable {
    /// The pixel below the centre, without any averaging.
    case nearest
    /// The mean over the area of a target pixel.
    case box
    /// A triangle of radius 1.
    case bilinear
    /// Cubic convolution of radius 2 with a = -1/2 (Keys 1981).
    case bicubic

    /// Half the kernel's extent at scale 1.
    var radius: Double {
      switch self {
      case .nearest, .box: 0.5
      case .bilinear: 1
      case .bicubic: 2
      }
    }

    func weight(_ x: Double) -> Double {
      let distance = abs(x)
      switch self {
      case .nearest, .box: return x > -0.5 && x <= 0.5 ? 1 : 0
      case .bilinear: return distance < 1 ? 1 - distance : 0
      case .bicubic:
        if distance < 1 { return (1.5 * distance - 2.5) * distance * distance + 1 }
        if distance < 2 { return (((distance - 5) * distance + 8) * distance - 4) * -0.5 }
        return 0
      }
    }
  }

  /// Resamples to another size, bit for bit as Pillow does.
  ///
  /// The kernel widens with the reduction, so that nothing aliases: separable, rows first, both
  /// passes in fixed point with 22 fractional bits.
  /// - Complexity: O(pixels of the larger side times the kernel's width).
  public func resized(width newWidth: Int, height newHeight: Int, filter: Filter = .bilinear)
    -> Image
  {
    precondition(newWidth > 0 && newHeight > 0)
    if filter == .nearest { return nearestResized(newWidth, newHeight) }
    var image = self
    if newWidth != width {
      let taps = ResamplingTaps(from: width, to: newWidth, filter: filter)
      image = image.resampledRows(taps, newWidth)
    }
    if newHeight != height {
      let taps = ResamplingTaps(from: height, to: newHeight, filter: filter)
      image = image.resampledColumns(taps, newHeight)
    }
    return image
  }

  private func resampledRows(_ taps: ResamplingTaps, _ newWidth: Int) -> Image {
    Image(width: newWidth, height: height, channels: channels) { target in
      taps.withTaps { taps in
        ferry_resample_rows(
          pixels, Int32(width), Int32(height), Int32(channels), taps, Int32(newWidth), target)
      }
    }
  }

  private func resampledColumns(_ taps: ResamplingTaps, _ newHeight: Int) -> Image {
    Image(width: width, height: newHeight, channels: channels) { target in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: stride) { scratch in
        taps.withTaps { taps in
          ferry_resample_columns(
            pixels, Int32(stride), taps, Int32(newHeight), scratch.baseAddress, target)
        }
      }
    }
  }

  private func nearestResized(_ newWidth: Int, _ newHeight: Int) -> Image {
    func positions(_ size: Int, _ newSize: Int) -> [Int] {
      let scale = Double(size) / Double(newSize)
      return (0..<newSize).map { min(size - 1, Int((Double($0) + 0.5) * scale)) }
    }
    let columns = positions(width, newWidth)
    let rows = positions(height, newHeight)
    return Image(width: newWidth, height: newHeight, channels: channels) { target in
      var index = 0
      for y in rows {
        for x in columns {
          for c in 0..<channels {
            target[index] = pixels[(y * width + x) * channels + c]
            index += 1
          }
        }
      }
    }
  }

  /// Cuts out a rectangle; what lies beyond the picture is `fill`.
  public func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int, fill: UInt8 = 0)
    -> Image
  {
    var result = Image(
      width: newWidth, height: newHeight, channels: channels, filledWith: fill)
    let columns = max(0, x)..<max(max(0, x), min(width, x + newWidth))
    let rows = max(0, y)..<max(max(0, y), min(height, y + newHeight))
    guard !columns.isEmpty else { return result }
    result.pixels.withUnsafeMutableBufferPointer { target in
      pixels.withUnsafeBufferPointer { source in
        for row in rows {
          let from = (row * width + columns.lowerBound) * channels
          let to = ((row - y) * newWidth + columns.lowerBound - x) * channels
          let count = columns.count * channels
          _ = target[to..<to + count].update(fromContentsOf: source[from..<from + count])
        }
      }
    }
    return result
  }

  /// The central square of `side` pixels; what lies beyond the picture is black.
  public func centralSquare(_ side: Int) -> Image {
    cropped(x: (width - side) >> 1, y: (height - side) >> 1, width: side, height: side)
  }

  /// Averages blocks of `factor` x `factor` pixels.
  func reduced(by factor: Int) -> Image {
    if factor == 1 { return self }
    let newWidth = (width + factor - 1) / factor
    let newHeight = (height + factor - 1) / factor
    return Image(width: newWidth, height: newHeight, channels: channels) { target in
      ferry_reduce(pixels, Int32(width), Int32(height), Int32(channels), Int32(factor), target)
    }
  }
}

/// The weights of a one-dimensional resampling in fixed point.
private struct ResamplingTaps {
  private var starts: [Int32] = []
  private var counts: [Int32] = []
  private var weights: [Int32]
  private let taps: Int

  init(from size: Int, to newSize: Int, filter: Image.Filter) {
    let scale = Double(size) / Double(newSize)
    let widening = max(scale, 1)
    let support = filter.radius * widening
    taps = Int(support.rounded(.up)) * 2 + 1
    weights = Array(repeating: 0, count: taps * newSize)
    var real = [Double](repeating: 0, count: taps)
    for index in 0..<newSize {
      let center = (Double(index) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let count = min(size, Int(center + support + 0.5)) - first
      var total = 0.0
      for tap in 0..<count {
        real[tap] = filter.weight((Double(tap + first) - center + 0.5) * (1 / widening))
        total += real[tap]
      }
      for tap in 0..<count {
        let fixed = real[tap] / total * Double(1 << 22)
        weights[index * taps + tap] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
      }
      starts.append(Int32(first))
      counts.append(Int32(count))
    }
  }

  func withTaps(_ body: (ferry_taps) -> Void) {
    starts.withUnsafeBufferPointer { starts in
      counts.withUnsafeBufferPointer { counts in
        weights.withUnsafeBufferPointer { weights in
          body(
            ferry_taps(
              starts: starts.baseAddress, counts: counts.baseAddress,
              weights: weights.baseAddress, taps: Int32(taps)))
        }
      }
    }
  }
}
