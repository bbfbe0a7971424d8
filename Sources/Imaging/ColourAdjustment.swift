extension Image {
  /// Multiplies all samples by `factor`: 0 gives black, 1 the picture itself.
  public func adjustingBrightness(_ factor: Double) -> Image { blended(over: 0, factor) }

  /// Stretches samples about the rounded mean of the luma: 0 gives a flat grey picture.
  public func adjustingContrast(_ factor: Double) -> Image {
    let grey = grey().pixels
    var sum = 0
    for value in grey { sum += Int(value) }
    return blended(over: UInt8(Double(sum) / Double(grey.count) + 0.5), factor)
  }

  /// Stretches colours about their luma: 0 gives grey. A grey picture stays as it is.
  public func adjustingSaturation(_ factor: Double) -> Image {
    guard channels == 3, factor != 1 else { return self }
    let factor = Float(factor)
    return mappingColours { red, green, blue in
      let grey = luma(red, green, blue)
      return (
        blend(grey, red, factor), blend(grey, green, factor), blend(grey, blue, factor)
      )
    }
  }

  /// Turns the hue by `shift` of the colour circle, -0.5 ... 0.5. A grey picture stays as it is.
  ///
  /// The circle has 255 steps, as in Pillow's HSV.
  public func adjustingHue(_ shift: Double) -> Image {
    guard channels == 3 else { return self }
    let turn = UInt8(truncatingIfNeeded: Int(shift * 255))
    guard turn != 0 else { return self }
    return mappingColours { red, green, blue in
      var colour = HSV(red, green, blue)
      colour.hue &+= turn
      return colour.rgb
    }
  }

  /// The luma in as many channels as the picture has.
  public func greyscale() -> Image { channels == 1 ? self : grey().rgb() }

  /// The picture as in a mirror, left and right exchanged.
  public func mirrored() -> Image {
    Image(width: width, height: height, channels: channels) { target in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          let row = y * width
          for x in 0..<width {
            let from = (row + width - 1 - x) * channels
            for c in 0..<channels { target[(row + x) * channels + c] = source[from + c] }
          }
        }
      }
    }
  }

  private func blended(over base: UInt8, _ factor: Double) -> Image {
    guard factor != 1 else { return self }
    let factor = Float(factor)
    let table = (0...255).map { blend(base, UInt8($0), factor) }
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      table.withUnsafeBufferPointer { table in
        for index in pixels.indices { pixels[index] = table[Int(pixels[index])] }
      }
    }
    return result
  }

  @inline(__always)
  private func mappingColours(_ map: (UInt8, UInt8, UInt8) -> (UInt8, UInt8, UInt8)) -> Image {
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      for index in Swift.stride(from: 0, to: pixels.count, by: 3) {
        (pixels[index], pixels[index + 1], pixels[index + 2]) = map(
          pixels[index], pixels[index + 1], pixels[index + 2])
      }
    }
    return result
  }
}

/// Pillow's blend: single precision, clipped, fractions dropped.
@inline(__always)
private func blend(_ base: UInt8, _ value: UInt8, _ factor: Float) -> UInt8 {
  let mixed = Float(base) + factor * Float(Int(value) - Int(base))
  return mixed <= 0 ? 0 : mixed >= 255 ? 255 : UInt8(mixed)
}

/// Hue, saturation and value in Pillow's 8-bit form: each on 0 ... 255.
private struct HSV {
  var hue: UInt8 = 0
  var saturation: UInt8 = 0
  var value: UInt8

  init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    let low = min(red, green, blue)
    value = max(red, green, blue)
    guard value > low else { return }
    let range = Float(value - low)
    let r = Float(value - red) / range
    let g = Float(value - green) / range
    let b = Float(value - blue) / range
    let sector: Float =
      red == value
      ? b - g
      : green == value ? Float(2 + Double(r) - Double(b)) : Float(4 + Double(g) - Double(r))
    let turns = Double(sector) / 6 + 1
    hue = UInt8(Float(turns - turns.rounded(.down)) * 255)
    saturation = UInt8(range / Float(value) * 255)
  }

  var rgb: (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let position = Float(hue) * 6 / 255
    let depth = Float(saturation) / 255
    let sector = position.rounded(.down)
    let fraction = position - sector
    func scaled(_ share: Float) -> UInt8 {
      UInt8(max(0, min(255, (Float(value) * (1 - share)).rounded())))
    }
    let p = scaled(depth)
    let q = scaled(depth * fraction)
    let t = scaled(depth * (1 - fraction))
    switch Int(sector) % 6 {
    case 0: return (value, t, p)
    case 1: return (q, value, p)
    case 2: return (p, value, t)
    case 3: return (p, q, value)
    case 4: return (t, p, value)
    default: return (value, p, q)
    }
  }
}
