import Imaging
import Platform
import Testing

@Suite struct AugmentationTests {
  /// torchvision samples a rotation in single precision; values at a half round either way.
  private static let roundingLimit = 1

  @Test func operationsAgreeWithTorchvision() throws {
    let golden = try Golden("augmentation")
    let source = try golden.image("source")
    var seen = 0
    for name in golden.file.entries.map(\.name) {
      let dot = name.firstIndex(of: ".") ?? name.endIndex
      let value = Double(name[dot...].dropFirst()) ?? 0
      let operation: ImageOperation
      switch name[..<dot] {
      case "brightness": operation = .brightness(value)
      case "contrast": operation = .contrast(value)
      case "saturation": operation = .saturation(value)
      case "hue": operation = .hue(value)
      case "greyscale": operation = .greyscale
      case "mirror": operation = .mirror
      case "rotate": operation = .rotate(degrees: value)
      case "resizedcrop": operation = .resizedCrop(x: 5, y: 3, width: 20, height: 25)
      case "crop": operation = .crop(x: 3, y: -3, width: 32, height: 32)
      default: continue
      }
      seen += 1
      let found = difference(source.applying(operation, side: 32), try golden.image(name))
      let limit = name.hasPrefix("rotate") ? Self.roundingLimit : 0
      #expect(found.largest <= limit, "\(name)")
    }
    #expect(seen == 19)
  }

  @Test func theFastPathAgreesWithTorchvision() throws {
    let golden = try Golden("augmentation")
    let source = try golden.image("source")
    // The window that the golden values use, drawn by a plan: found by trying seeds.
    let plan = AugmentationPlan(
      size: 32,
      steps: [
        .randomCrop(padding: 4, probability: 1), .horizontalFlip(probability: 1),
      ])
    let wanted = ImageOperation.crop(x: 3, y: -3, width: 32, height: 32)
    let found = (0..<2000 as Range<UInt64>).first { seed in
      var generator = SeededGenerator(seed: seed)
      return plan.steps[0].draw(width: 32, height: 32, using: &generator) == [wanted]
    }
    let seed = try #require(found)
    var generator = SeededGenerator(seed: seed)
    var output = apply(plan, to: source, &generator)
    #expect(same(output, try golden.floats("normalised")))
    let erasing = RandomErasing()
    output.withUnsafeMutableBufferPointer {
      erasing.erase(
        .init(x: 9, y: 4, width: 11, height: 6), of: $0.baseAddress!, side: 32)
    }
    #expect(same(output, try golden.floats("erased")))
  }

  /// Crops and flips taken as a window, and the same as pictures, give the same numbers.
  @Test(arguments: [
    ["random-crop", "flip"], ["flip", "random-crop"], ["flip", "random-crop", "flip"],
    ["random-crop", "flip", "rotation", "erasing"],
    ["colour-jitter", "resized-crop", "greyscale", "noise", "erasing"],
  ])
  func plansAgreeWithTheirOperations(_ names: [String]) throws {
    let source = try Golden("augmentation").image("source")
    let plan = try AugmentationPlan(listed: names, size: 32)
    for seed in 0..<40 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let output = apply(plan, to: source, &generator)
      var again = SeededGenerator(seed: seed)
      var image = source
      for step in plan.steps {
        for operation in step.draw(width: 32, height: 32, using: &again) {
          image = image.applying(operation, side: 32)
        }
      }
      var unused = SeededGenerator(seed: 0)
      var expected = apply(plan.plain, to: image, &unused)
      if let erasing = plan.erasing, let hole = erasing.draw(side: 32, using: &again) {
        expected.withUnsafeMutableBufferPointer {
          erasing.erase(hole, of: $0.baseAddress!, side: 32)
        }
      }
      #expect(same(output, expected))
      #expect(generator == again)
    }
  }

  @Test func presets() throws {
    for name in AugmentationPlan.presetNames {
      let plan = try AugmentationPlan.preset(name, size: 224)
      var generator = SeededGenerator(seed: 5)
      let image = Image(width: 224, height: 224, channels: 1, filledWith: 128)
      #expect(apply(plan, to: image, &generator).allSatisfy { $0.isFinite })
    }
    #expect(
      try AugmentationPlan.preset("ke-code", size: 224).steps.first
        == .randomCrop(padding: 8, probability: 0.5))
    #expect(try AugmentationPlan.preset("cliper", size: 64).plain.normalisation == .clip)
    let fault = #expect(throws: Fault.self) { try AugmentationPlan.preset("ke-cod", size: 64) }
    #expect(fault?.message.contains("did you mean 'ke-code'") == true)
    #expect(throws: Fault.self) { try AugmentationPlan(listed: ["flips"], size: 64) }
  }

  @Test func aSourceOfAnotherSizeIsResized() throws {
    let source = try Golden("augmentation").image("source")
    var generator = SeededGenerator(seed: 0)
    let plan = AugmentationPlan(size: 20)
    let resized = source.resized(width: 20, height: 20)
    #expect(
      same(apply(plan, to: source, &generator), apply(plan, to: resized, &generator)))
    let cliper = try AugmentationPlan.preset("cliper", size: 20)
    #expect(apply(cliper, to: source, &generator).count == 3 * 20 * 20)
  }

  /// Draws keep to torchvision's ranges and reach all of them.
  @Test func distributions() {
    var generator = SeededGenerator(seed: 11)
    let count = 4000
    var crops = 0
    var offsets: Set<Int> = []
    var areas: [Double] = []
    var erased = 0
    for _ in 0..<count {
      let step = Augmentation.randomCrop(padding: 4, probability: 0.5)
      if case .crop(let x, let y, 112, 112)? = step.draw(
        width: 112, height: 112, using: &generator
      ).first {
        crops += 1
        offsets.formUnion([x, y])
      }
      let window = Augmentation.resizedCrop(area: 0.15...1, aspect: 0.3...3.3)
      if case .resizedCrop(let x, let y, let w, let h)? = window.draw(
        width: 112, height: 112, using: &generator
      ).first {
        #expect(x >= 0 && y >= 0 && x + w <= 112 && y + h <= 112)
        areas.append(Double(w * h) / (112 * 112))
      }
      if let hole = RandomErasing().draw(side: 112, using: &generator) {
        erased += 1
        let share = Double(hole.width * hole.height) / (112 * 112)
        // The sides are rounded to whole pixels.
        #expect(share > 0.018 && share < 0.26)
      }
    }
    // Five standard deviations of a binomial share at 4,000 draws.
    let spread = 5 * (0.25 / Double(count)).squareRoot()
    #expect(abs(Double(crops) / Double(count) - 0.5) < spread)
    #expect(abs(Double(erased) / Double(count) - 0.5) < spread)
    #expect(offsets == Set(-4...4))
    #expect((areas.min() ?? 1) < 0.17 && (areas.max() ?? 0) > 0.9)
  }

  @Test func noiseHasItsDeviation() {
    let flat = Image(width: 100, height: 100, channels: 1, filledWith: 128)
    let noisy = flat.addingNoise(standardDeviation: 0.05, seed: 3)
    #expect(same(noisy, flat.addingNoise(standardDeviation: 0.05, seed: 3)))
    let squares = noisy.pixels.reduce(0.0) { $0 + (Double($1) - 128) * (Double($1) - 128) }
    let standardDeviation = (squares / 10_000).squareRoot() / 255
    // The deviation's own error is 0.05 / sqrt(20,000) = 0.00035; five times that.
    #expect(abs(standardDeviation - 0.05) < 0.0018)
  }

  private func apply(
    _ plan: AugmentationPlan, to image: Image, _ generator: inout SeededGenerator
  ) -> [Float] {
    var output = [Float](repeating: .nan, count: 3 * plan.size * plan.size)
    output.withUnsafeMutableBufferPointer { output in
      image.pixels.withUnsafeBufferPointer {
        plan.apply(
          to: $0, size: image.width, generator: &generator, into: output.baseAddress!)
      }
    }
    return output
  }
}
