import Glibc

/// An sRGB colour.
public struct Colour: Sendable, Equatable {
  /// **Units**: 0...255.
  public let red, green, blue: Double

  /// The colour of `0xRRGGBB`.
  public init(_ hex: UInt32) {
    red = Double(hex >> 16 & 255)
    green = Double(hex >> 8 & 255)
    blue = Double(hex & 255)
  }

  private init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `#rrggbb`.
  public var css: String {
    let digits = Array("0123456789abcdef")
    return [red, green, blue].reduce(into: "#") { text, value in
      let byte = Int(value.rounded())
      text.append(digits[byte >> 4])
      text.append(digits[byte & 15])
    }
  }

  /// This colour at `opacity` over `paper`, blended as browsers blend it.
  public func over(_ paper: Colour, opacity: Double) -> Colour {
    Colour(
      red: paper.red + (red - paper.red) * opacity,
      green: paper.green + (green - paper.green) * opacity,
      blue: paper.blue + (blue - paper.blue) * opacity)
  }

  /// Relative luminance, 0 (black) to 1 (white), as WCAG 2 defines it.
  public var luminance: Double {
    func linear(_ value: Double) -> Double {
      let part = value / 255
      return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// The contrast ratio of two colours, 1 to 21, as WCAG 2 defines it.
  public func contrast(with other: Colour) -> Double {
    let pair = [luminance, other.luminance].sorted()
    return (pair[1] + 0.05) / (pair[0] + 0.05)
  }
}
