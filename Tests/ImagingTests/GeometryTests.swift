import Imaging
import Platform
import Testing

@Suite struct GeometryTests {
  @Test func resizesAsPillowExactly() throws {
    let golden = try Golden("geometry")
    let names = golden.cases.filter { $0.hasPrefix("resize") }
    #expect(names.count == 24)
    for name in names {
      let parts = name.split(separator: ".")
      let size = parts[2].split(separator: "x").compactMap { Int($0) }
      let filter = try #require(Image.Filter(rawValue: String(parts[1])))
      let source = try golden.image(parts[0] == "resize" ? "colour" : "grey")
      let resized = source.resized(width: size[0], height: size[1], filter: filter)
      #expect(same(resized, try golden.image(name)), "\(name)")
    }
  }

  /// Weights are single precision here and double in SciPy: a value at a half rounds either way.
  private static let roundingLimit = 1

  @Test(arguments: ["bilinear.edge", "bilinear.constant", "bilinear.reflect", "bicubic.edge"])
  func enlargingWarpsAgreeWithSciPy(_ name: String) throws {
    let golden = try Golden("geometry")
    let parts = name.split(separator: ".")
    let border: Image.Border =
      switch parts[1] {
      case "edge": .edge
      case "constant": .constant(77)
      default: .reflect
      }
    let transform = AffineTransform(a: 1.7, b: -0.6, c: 0.6, d: 1.7, tx: -9.3, ty: -21.4)
    let warped = try golden.image("colour").warped(
      by: transform, width: 44, height: 44,
      filter: try #require(Image.Filter(rawValue: String(parts[0]))), border: border)
    let found = difference(warped, try golden.image("warp." + name))
    #expect(found.largest <= Self.roundingLimit)
    // Ties are rare: fewer than one sample in 200.
    #expect(found.mean < 0.005)
  }

  @Test(arguments: [Image.Filter.bilinear, .bicubic])
  func aPureReductionIsAResize(_ filter: Image.Filter) throws {
    var colour = try Golden("geometry").image("colour")
    // At half contrast no overshoot is clipped between the passes of `resized`.
    colour.pixels = colour.pixels.map { 64 + $0 / 2 }
    let scaling = AffineTransform.scaling(20.0 / 53, 31.0 / 41)
    let warped = try colour.warped(by: scaling, width: 20, height: 31, filter: filter)
    let resized = colour.resized(width: 20, height: 31, filter: filter)
    // `resized` rounds once between its passes and drops the kernel beyond the edges, where the
    // warp repeats the edge: only the inside is compared.
    let inside = (x: 3, y: 3, width: 14, height: 25)
    let found = difference(
      warped.cropped(x: inside.x, y: inside.y, width: inside.width, height: inside.height),
      resized.cropped(x: inside.x, y: inside.y, width: inside.width, height: inside.height))
    #expect(found.largest <= 1)
  }

  @Test func aTurnedReductionIsTheTurnedResult() throws {
    let grey = try Golden("geometry").image("grey").cropped(x: 0, y: 0, width: 40, height: 40)
    let reduce = AffineTransform.scaling(0.4, 0.4)
    let turn = AffineTransform.rotation(degrees: 90, about: Point(8, 8))
    let plain = try grey.warped(by: reduce, width: 16, height: 16)
    let turned = try grey.warped(by: reduce.then(turn), width: 16, height: 16)
    var worst = 0
    for y in 0..<16 {
      for x in 0..<16 {
        worst = max(worst, abs(Int(turned[y, 15 - x, 0]) - Int(plain[x, y, 0])))
      }
    }
    #expect(worst <= Self.roundingLimit)
  }

  @Test(arguments: [0.03, 0.1, 0.24, 0.4, 0.8, 0.99, 1.01, 3])
  func aFlatPictureStaysFlat(_ scale: Double) throws {
    let flat = Image(width: 90, height: 70, channels: 3, filledWith: 201)
    for filter in [Image.Filter.bilinear, .bicubic] {
      for border in [Image.Border.edge, .reflect, .constant(201)] {
        let turn = AffineTransform.rotation(degrees: 33, about: Point(45, 35))
          .then(.scaling(scale, scale))
        let warped = try flat.warped(
          by: turn, width: 24, height: 20, filter: filter, border: border)
        #expect(warped.pixels.allSatisfy { $0 == 201 })
      }
    }
  }

  @Test func reductionsDoNotAlias() throws {
    // A checkerboard of single pixels has no content below its own frequency: any reduction by
    // two or more must give its mean. Sampling without a filter would give 0 or 255.
    var board = Image(width: 256, height: 256, channels: 1)
    for y in 0..<256 { for x in 0..<256 where (x + y) % 2 == 0 { board[x, y, 0] = 255 } }
    for (scale, degrees) in [(0.5, 0.0), (0.37, 20), (0.2, 45), (0.07, 10)] {
      let map = AffineTransform.rotation(degrees: degrees, about: Point(128, 128))
        .then(.scaling(scale, scale))
      let size = Int(128 * scale)
      let cut = map.then(
        .translation(-128 * scale + Double(size) / 2, -128 * scale + Double(size) / 2))
      let warped = try board.warped(by: cut, width: size, height: size)
      let spread = warped.pixels.map { abs(Int($0) - 128) }.max() ?? 0
      // The triangle's response at the board's frequency is below 5 % from a reduction by 2 on.
      #expect(spread <= 13, "scale \(scale)")
    }
  }

  @Test func degenerateMapsAreRefused() throws {
    let image = Image(width: 8, height: 8, channels: 1)
    for map in [
      AffineTransform(a: 1, b: 2, c: 2, d: 4, tx: 0, ty: 0),
      AffineTransform(a: .nan, b: 0, c: 0, d: 1, tx: 0, ty: 0),
      AffineTransform(a: 1e-300, b: 0, c: 0, d: 1, tx: 0, ty: 0),
      AffineTransform(a: 1, b: 0, c: 0, d: 1, tx: .infinity, ty: 0),
    ] {
      #expect(throws: Fault.self) { try image.warped(by: map, width: 4, height: 4) }
    }
    // Extreme but valid maps end at once.
    for scale in [1e-7, 1e-4, 1e5] {
      _ = try image.warped(by: .scaling(scale, scale), width: 64, height: 64, border: .reflect)
      let sheared = AffineTransform(a: 0.1, b: 0.1, c: 0.1, d: 0.1 + scale * 1e-4, tx: 0, ty: 0)
      _ = try? image.warped(by: sheared, width: 64, height: 64)
    }
  }

  @Test func transformsComposeAndInvert() throws {
    let map = AffineTransform(a: 1.2, b: -0.4, c: 0.3, d: 0.9, tx: 5, ty: -7)
    let inverse = try #require(map.inverse)
    let point = Point(3.5, -2.25)
    let back = map.then(inverse).applied(to: point)
    // Two products and a sum in double precision, operands below 10.
    let limit = 1e-13
    #expect(abs(back.x - point.x) < limit && abs(back.y - point.y) < limit)
    #expect(abs(map.determinant - 1.2) < limit)
  }

  @Test func cropsBeyondThePictureAreFilled() {
    let image = Image(width: 2, height: 2, channels: 1, pixels: [1, 2, 3, 4])
    #expect(image.cropped(x: -1, y: 0, width: 2, height: 3).pixels == [0, 1, 0, 3, 0, 0])
    #expect(image.cropped(x: 5, y: 5, width: 1, height: 1, fill: 9).pixels == [9])
    #expect(image.centralSquare(4).pixels[5] == 1)
    #expect(image.centralSquare(1).pixels == [1])
  }
}
