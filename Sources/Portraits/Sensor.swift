import Platform

/// Turns linear light into stored levels, as a lens and a sensor would: blur, exposure, noise.
struct Sensor {
  let conditions: Conditions

  /// sRGB's transfer curve at 4096 steps of linear light (IEC 61966-2-1), by its inverse: for each
  /// level the light at which it begins.
  private static let levels: [UInt8] = {
    var table = [UInt8](repeating: 0, count: 4097)
    var level = 0
    for index in 0...4096 {
      let light = Double(index) / 4096
      while level < 255, linear((Double(level) + 0.5) / 255) <= light { level += 1 }
      table[index] = UInt8(level)
    }
    return table
  }()

  /// The light of an sRGB value: ((v + 0.055) / 1.055)^2.4, the power by x^2 (x^2)^(1/5).
  private static func linear(_ value: Double) -> Double {
    if value <= 0.04045 { return value / 12.92 }
    let x = (value + 0.055) / 1.055
    let square = x * x
    // Newton's iteration for the fifth root, from above.
    var root = 1.0
    for _ in 0..<30 { root = (4 * root + square / (root * root * root * root)) / 5 }
    return square * root
  }

  /// Returns interleaved 8-bit pixels of `channels` channels.
  func expose(_ canvas: Canvas, channels: Int, seed: UInt32) -> [UInt8] {
    blur(canvas)
    let count = canvas.width * canvas.height
    let gain = conditions.exposure * 4096
    // Noise is added to the stored level: four bytes of a hash sum to a near-normal value.
    let amplitude = conditions.noise / 147.8
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    return [UInt8](unsafeUninitializedCapacity: count * channels) { output, filled in
      Self.levels.withUnsafeBufferPointer { levels in
        for index in 0..<count {
          let colour = canvas.pixels[index] * gain
          let c = conditions.isGrey ? Vector3(repeating: Self.luminance(colour)) : colour
          for channel in 0..<channels {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let light = clamp(c[channel], 0, 4096)
            let level = Float(levels[Int(light)]) + amplitude * Self.bell(state)
            output[index * channels + channel] = UInt8(clamp(level + 0.5, 0, 255))
          }
        }
      }
      filled = count * channels
    }
  }

  @inline(__always) private static func luminance(_ c: Vector3) -> Float {
    0.2126 * c.x + 0.7152 * c.y + 0.0722 * c.z
  }

  /// The sum of four bytes about its mean; its standard deviation is 147.8.
  @inline(__always) private static func bell(_ state: UInt64) -> Float {
    let h = UInt32(truncatingIfNeeded: state >> 32)
    let sum = (h & 0xFF) &+ (h >> 8 & 0xFF) &+ (h >> 16 & 0xFF) &+ (h >> 24)
    return Float(sum) - 510
  }

  /// A separable blur with the five weights that give the wanted variance (up to 1.5 pixels).
  private func blur(_ canvas: Canvas) {
    let variance = conditions.blur * conditions.blur
    guard variance > 0.01 else { return }
    // Two passes of (w, 1 - 2w, w) have variance 2 * 2w; more passes where w would pass 1/4.
    let passes = max(1, Int((variance / 0.5).rounded(.up)))
    let w = variance / (2 * Float(passes))
    for _ in 0..<passes {
      for y in 0..<canvas.height {
        smooth(canvas, start: y * canvas.width, step: 1, count: canvas.width, w)
      }
      smoothColumns(canvas, w)
    }
  }

  private func smooth(_ canvas: Canvas, start: Int, step: Int, count: Int, _ w: Float) {
    let pixels = canvas.pixels + start
    var previous = pixels[0]
    for index in 0..<count {
      let here = pixels[index * step]
      let next = pixels[min(count - 1, index + 1) * step]
      pixels[index * step] = here + (previous + next - 2 * here) * w
      previous = here
    }
  }

  /// Column passes run row by row, so that memory is read in order.
  private func smoothColumns(_ canvas: Canvas, _ w: Float) {
    let width = canvas.width
    let pixels = canvas.pixels
    var previous = Array(UnsafeBufferPointer(start: pixels, count: width))
    for y in 0..<canvas.height {
      let row = pixels + y * width
      let below = pixels + min(canvas.height - 1, y + 1) * width
      for x in 0..<width {
        let here = row[x]
        row[x] = here + (previous[x] + below[x] - 2 * here) * w
        previous[x] = here
      }
    }
  }
}
