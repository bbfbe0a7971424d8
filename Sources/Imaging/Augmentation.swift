import Glibc
import Platform

/// A random change of a training picture, with torchvision's parameters and distributions.
///
/// Drawing the parameters is separate from applying them: `draw` gives plain operations.
public enum Augmentation: Sendable, Equatable {
  /// A window of the picture's own size after padding each side with black.
  case randomCrop(padding: Int, probability: Double)
  /// A window of random area (share of the picture) and aspect (width over height), resized back.
  case resizedCrop(area: ClosedRange<Double>, aspect: ClosedRange<Double>)
  case horizontalFlip(probability: Double)
  /// A turn about the centre by up to `degrees` either way, black beyond the picture.
  case rotation(degrees: Double, probability: Double)
  /// Factors from 1 - x ... 1 + x (hue: a shift of -x ... x), in random order.
  case colourJitter(brightness: Double, contrast: Double, saturation: Double, hue: Double)
  case greyscale(probability: Double)
  /// Independent normal noise; `standardDeviation` is on the scale where white is 1.
  case gaussianNoise(standardDeviation: Double, probability: Double)

  /// Draws what to do to a picture of width x height.
  public func draw(
    width: Int, height: Int, using generator: inout SeededGenerator
  ) -> [ImageOperation] {
    switch self {
    case .randomCrop(let padding, let probability):
      guard generator.chance(probability) else { return [] }
      let x = generator.below(2 * padding + 1) - padding
      let y = generator.below(2 * padding + 1) - padding
      return [.crop(x: x, y: y, width: width, height: height)]
    case .resizedCrop(let area, let aspect):
      return [drawWindow(area, aspect, width, height, &generator)]
    case .horizontalFlip(let probability):
      return generator.chance(probability) ? [.mirror] : []
    case .rotation(let degrees, let probability):
      guard generator.chance(probability) else { return [] }
      return [.rotate(degrees: generator.uniform(-degrees, degrees))]
    case .colourJitter(let brightness, let contrast, let saturation, let hue):
      func factor(_ reach: Double) -> Double {
        reach == 0 ? 1 : generator.uniform(max(0, 1 - reach), 1 + reach)
      }
      let all: [ImageOperation] = [
        .brightness(factor(brightness)), .contrast(factor(contrast)),
        .saturation(factor(saturation)),
        .hue(hue == 0 ? 0 : generator.uniform(-hue, hue)),
      ]
      let used = [brightness, contrast, saturation, hue].map { $0 != 0 }
      return generator.permutation(4).filter { used[$0] }.map { all[$0] }
    case .greyscale(let probability):
      return generator.chance(probability) ? [.greyscale] : []
    case .gaussianNoise(let standardDeviation, let probability):
      guard generator.chance(probability) else { return [] }
      return [.noise(standardDeviation: standardDeviation, seed: generator.next())]
    }
  }

  /// Ten tries for a window that fits, then the largest central one within the aspects.
  private func drawWindow(
    _ area: ClosedRange<Double>, _ aspect: ClosedRange<Double>, _ width: Int, _ height: Int,
    _ generator: inout SeededGenerator
  ) -> ImageOperation {
    for _ in 0..<10 {
      let target = Double(width * height) * generator.uniform(area.lowerBound, area.upperBound)
      let ratio = drawLogUniform(aspect, &generator)
      let w = Int((target * ratio).squareRoot().rounded(.toNearestOrEven))
      let h = Int((target / ratio).squareRoot().rounded(.toNearestOrEven))
      if w > 0, h > 0, w <= width, h <= height {
        let y = generator.below(height - h + 1)
        let x = generator.below(width - w + 1)
        return .resizedCrop(x: x, y: y, width: w, height: h)
      }
    }
    let ratio = Double(width) / Double(height)
    var (w, h) = (width, height)
    if ratio < aspect.lowerBound {
      h = Int((Double(width) / aspect.lowerBound).rounded(.toNearestOrEven))
    } else if ratio > aspect.upperBound {
      w = Int((Double(height) * aspect.upperBound).rounded(.toNearestOrEven))
    }
    return .resizedCrop(x: (width - w) / 2, y: (height - h) / 2, width: w, height: h)
  }
}

func drawLogUniform(_ range: ClosedRange<Double>, _ generator: inout SeededGenerator) -> Double {
  exp(generator.uniform(log(range.lowerBound), log(range.upperBound)))
}

/// A change of a picture whose parameters are fixed.
public enum ImageOperation: Sendable, Equatable {
  /// A window; black beyond the picture.
  case crop(x: Int, y: Int, width: Int, height: Int)
  /// A window inside the picture, resized (bilinear, without aliasing) to the plan's size.
  case resizedCrop(x: Int, y: Int, width: Int, height: Int)
  case mirror
  /// Counter-clockwise about the centre, bilinear, black beyond the picture.
  case rotate(degrees: Double)
  case brightness(Double)
  case contrast(Double)
  case saturation(Double)
  case hue(Double)
  case greyscale
  case noise(standardDeviation: Double, seed: UInt64)
}

extension Image {
  /// Applies one operation; `side` is the size that a resized crop is brought to.
  public func applying(_ operation: ImageOperation, side: Int) -> Image {
    switch operation {
    case .crop(let x, let y, let width, let height):
      return cropped(x: x, y: y, width: width, height: height)
    case .resizedCrop(let x, let y, let width, let height):
      return cropped(x: x, y: y, width: width, height: height).resized(width: side, height: side)
    case .mirror: return mirrored()
    case .rotate(let degrees): return rotated(degrees: degrees)
    case .brightness(let factor): return adjustingBrightness(factor)
    case .contrast(let factor): return adjustingContrast(factor)
    case .saturation(let factor): return adjustingSaturation(factor)
    case .hue(let shift): return adjustingHue(shift)
    case .greyscale: return greyscale()
    case .noise(let standardDeviation, let seed):
      return addingNoise(standardDeviation: standardDeviation, seed: seed)
    }
  }

  /// Turns counter-clockwise about the centre; bilinear, black beyond the picture.
  public func rotated(degrees: Double) -> Image {
    let center = Point(Double(width) / 2, Double(height) / 2)
    return sampled(
      by: .rotation(degrees: degrees, about: center),
      inverse: .rotation(degrees: -degrees, about: center), width: width, height: height,
      filter: .bilinear, border: .constant(0))
  }

  /// Adds independent normal noise to every sample; `standardDeviation` is relative to white.
  public func addingNoise(standardDeviation: Double, seed: UInt64) -> Image {
    var generator = SeededGenerator(seed: seed)
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      for index in pixels.indices {
        let value = Double(pixels[index]) + 255 * standardDeviation * generator.normal()
        pixels[index] = UInt8(max(0, min(255, value.rounded())))
      }
    }
    return result
  }
}
