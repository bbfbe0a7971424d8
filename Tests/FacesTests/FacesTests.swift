import Artifacts
import Faces
import Imaging
import Platform
import Testing

@Suite struct AlignmentTests {
  /// F64 values of a golden tensor, which the float reader would narrow.
  private func doubles(_ name: String) throws -> [Double] {
    let path = Files.join(Files.parent(of: #filePath), "Golden/umeyama.safetensors")
    let file = try SafetensorsFile(path)
    let raw = file.bytes(try file.require(name, .float64))
    return withExtendedLifetime(file) {
      (0..<raw.count / 8).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
    }
  }

  private func points(_ values: ArraySlice<Double>) -> [Point] {
    let values = Array(values)
    return (0..<values.count / 2).map { Point(values[2 * $0], values[2 * $0 + 1]) }
  }

  @Test func similaritiesAgreeWithUmeyama() throws {
    let sources = try doubles("sources")
    let matrices = try doubles("matrices")
    let template = points(try doubles("template")[...])
    #expect(sources.count == 40)
    for index in 0..<4 {
      let source = points(sources[index * 10..<index * 10 + 10])
      let found = try #require(AffineTransform.similarity(from: source, to: template))
      // Sums of five products of numbers below 1,000 in double precision; the case that a
      // reflection would fit better subtracts nearly equal sums and loses three digits.
      let limit = 1e-9
      for (a, b) in zip(found.entries, matrices[index * 6..<index * 6 + 6]) {
        #expect(abs(a - b) <= limit)
      }
      #expect(found.determinant > 0)
    }
  }

  @Test func pointsWithoutADirectionAreRefused() {
    let template = FivePoints.template(size: 112).all
    #expect(
      AffineTransform.similarity(from: Array(repeating: Point(3, 4), count: 5), to: template)
        == nil)
    let square = [Point(0, 0), Point(1, 0), Point(1, 1), Point(0, 1)]
    let crossed = [Point(0, 0), Point(0, 1), Point(1, 1), Point(1, 0)]
    // The mirror image of a square lies equally far from every turn of it.
    #expect(AffineTransform.similarity(from: square, to: crossed) == nil)
  }

  @Test func theTemplateScalesWithTheSize() throws {
    let template = FivePoints.template(size: 112)
    #expect(template.all == points(try doubles("template")[...]))
    let large = FivePoints.template(size: 224)
    for (a, b) in zip(template.all, large.all) {
      #expect(b == Point(2 * a.x, 2 * a.y))
    }
  }

  @Test func fivePointsOf68() throws {
    let all = (0..<68).map { Point(Double($0), 100 - Double($0)) }
    let five = try FivePoints(all)
    #expect(
      five.all == [
        Point(38.5, 61.5), Point(44.5, 55.5), Point(30, 70), Point(48, 52), Point(54, 46),
      ])
    #expect(try FivePoints(five.all) == five)
    #expect(throws: Fault.self) { try FivePoints(Array(all[..<67])) }
    #expect(throws: Fault.self) { try FivePoints([]) }
    #expect(throws: Fault.self) {
      try FivePoints(Array(repeating: Point(.nan, 0), count: 5))
    }
  }

  /// Five discs drawn at the template's points of a turned, larger face come to the template.
  @Test func alignmentBringsTheFaceUpright() throws {
    let turn = AffineTransform.rotation(degrees: 30, about: Point(56, 56))
      .then(.scaling(3.5, 3.5)).then(.translation(60, 40))
    let places = FivePoints.template(size: 112).all.map { turn.applied(to: $0) }
    var picture = Image(width: 640, height: 560, channels: 3, filledWith: 20)
    for (index, place) in places.enumerated() {
      for y in 0..<560 {
        for x in 0..<640 {
          let (dx, dy) = (Double(x) + 0.5 - place.x, Double(y) + 0.5 - place.y)
          if dx * dx + dy * dy < 14 * 14 { picture[x, y, index % 3] = 240 }
        }
      }
    }
    for size in [64, 112, 224] {
      let cut = try FaceCutter(size: size).align(picture, by: try FivePoints(places))
      for (index, wanted) in FivePoints.template(size: size).all.enumerated() {
        let mapped = cut.transform.applied(to: places[index])
        #expect(abs(mapped.x - wanted.x) < 1e-9 && abs(mapped.y - wanted.y) < 1e-9)
        #expect(cut.image[Int(wanted.x), Int(wanted.y), index % 3] > 230)
      }
      #expect(cut.image[1, 1, 0] <= 20)
    }
  }

  @Test func hopelessPointsAreFaults() throws {
    let picture = Image(width: 40, height: 30, channels: 1, filledWith: 9)
    let cutter = FaceCutter(size: 32)
    for five in [
      Array(repeating: Point(5, 5), count: 5),
      FivePoints.template(size: 32).all.map { Point($0.x + 5000, $0.y) },
    ] {
      let points = try FivePoints(five)
      #expect(throws: Fault.self) { try cutter.align(picture, by: points) }
    }
    let vast = FivePoints.template(size: 112).all.map { Point($0.x * 1e5, $0.y * 1e5) }
    #expect(try cutter.align(picture, by: FivePoints(vast)).image.width == 32)
  }

  @Test func centralSquares() {
    var picture = Image(width: 6, height: 4, channels: 1)
    picture[2, 1, 0] = 200
    let cut = FaceCutter(size: 2).centre(picture, side: 2)
    #expect(cut.image.pixels == [200, 0, 0, 0])
    #expect(cut.transform.applied(to: Point(2.5, 1.5)) == Point(0.5, 0.5))
    let whole = FaceCutter(size: 8).centre(picture)
    #expect(whole.transform == AffineTransform(a: 2, b: 0, c: 0, d: 2, tx: -2, ty: 0))
    let beyond = FaceCutter(size: 9, filter: .nearest).centre(picture, side: 9)
    #expect(beyond.transform.tx == 2 && beyond.transform.ty == 3)
    #expect(beyond.image[4, 4, 0] == 200)
  }

  @Test func fivePointsOf37() throws {
    // Brows, nose, eyes, lips in the picture's plane; only what is used matters.
    var all = Array(repeating: Point(50, 10), count: 37)
    for index in 17..<23 { all[index] = Point(30 + Double(index % 2), 40) }
    for index in 23..<29 { all[index] = Point(70 + Double(index % 2), 42) }
    all[13] = Point(51, 60)
    all[29] = Point(36, 80)
    all[33] = Point(66, 81)
    let five = try FivePoints(all)
    #expect(
      five.all == [
        Point(30.5, 40), Point(70.5, 42), Point(51, 60), Point(36, 80), Point(66, 81),
      ])
    all.swapAt(29, 33)
    #expect(throws: Fault.self) { try FivePoints(all) }
  }

  @Test func everyTemplateBringsItsPointsHome() throws {
    let turn = AffineTransform.rotation(degrees: -20, about: Point(9, 4)).then(.scaling(2.5, 2.5))
    for template in FaceTemplate.allCases where template != .margin {
      for size in [template.nativeSize, 224] {
        let targets = FivePoints.template(size: size).all
        let points = try FivePoints(targets.map { turn.applied(to: $0) })
        let map = try #require(template.transform(points, size: size))
        let source: [Point] =
          switch template {
          case .rafdb: [points.leftEye, points.rightEye, points.mouth]
          case .eyesOnly: [points.leftEye, points.rightEye]
          default: points.all
          }
        for (point, target) in zip(source, template.targets(size: size)) {
          let mapped = map.applied(to: point)
          // The template's eyes differ by 0.2 of 112 px in height, which a similarity keeps.
          let limit = template == .eyesOnly ? 0.25 * Double(size) / 112 : 1e-9
          #expect(abs(mapped.x - target.x) < limit && abs(mapped.y - target.y) < limit)
        }
      }
    }
    let line = try FivePoints([1, 2, 3, 4, 5].map { Point($0, $0) })
    #expect(FaceTemplate.rafdb.transform(line, size: 100) == nil)
  }

  @Test func marginsAddToTheBox() throws {
    var picture = Image(width: 60, height: 50, channels: 1, filledWith: 10)
    for y in 20..<30 { for x in 20..<30 { picture[x, y, 0] = 250 } }
    let cutter = FaceCutter(size: 40, template: .margin, margin: 0.5)
    let cut = try cutter.square(picture, box: [20, 20, 30, 30])
    #expect(cut.transform.applied(to: Point(20, 20)) == Point(10, 10))
    #expect(cut.outside == 0)
    #expect(cut.image[20, 20, 0] == 250 && cut.image[4, 4, 0] == 10)
    // Half of this square lies left of the picture.
    let half = try cutter.square(picture, box: [-5, 20, 5, 30])
    #expect(half.outside == 0.5 && half.image[3, 20, 0] == 0)
    #expect(throws: Fault.self) { try cutter.square(picture, box: [5, 5, 5, 5]) }
    #expect(throws: Fault.self) { try cutter.square(picture, box: [.nan, 5, 9, 9]) }
  }

  @Test func severalFacesFollowTheChoice() throws {
    let five = FivePoints.template(size: 112)
    func face(_ box: [Double], _ score: Double) -> DetectedFace {
      DetectedFace(box: box, score: score, points: five)
    }
    let large = face([0, 0, 40, 40], 0.9)
    let central = face([45, 45, 60, 60], 0.8)
    let sure = face([80, 0, 90, 10], 0.99)
    let faces = [large, central, sure]
    func chosen(_ choice: FaceChoice, _ annotation: Point? = nil) -> [DetectedFace] {
      choice.choose(faces, width: 100, height: 100, annotation: annotation)
    }
    #expect(chosen(.largest) == [large] && chosen(.centre) == [central])
    #expect(chosen(.mostConfident) == [sure] && chosen(.all) == faces)
    #expect(chosen(.nearestToAnnotation, Point(90, 9)) == [sure])
    #expect(chosen(.nearestToAnnotation) == [large])
    #expect(FaceChoice.largest.choose([], width: 9, height: 9, annotation: nil).isEmpty)
  }

  @Test func contactSheetsShowBoxesAndPoints() {
    var sheet = ContactSheet(columns: 2, cell: 40, isPaired: true)
    let picture = Image(width: 80, height: 40, channels: 1, filledWith: 100)
    let marks = ContactSheet.Marks(
      box: [20, 10, 60, 30], points: [Point(40, 20)], transform: .scaling(0.5, 0.5))
    sheet.add(picture, crop: picture, marks: marks)
    #expect(sheet.place == "row 1 column 2")
    sheet.add(nil, crop: nil, marks: .init(box: [-1e9, 0, 1e9, 1]), frame: .rejected)
    sheet.add(picture, crop: nil, frame: .kept)
    let image = sheet.image()
    #expect(image.width == 2 * 44 + 4 && image.height == 2 * 84 + 4)
    // The source is scaled by a half and stands in the middle of its square.
    #expect(image[4 + 10, 4 + 20, 1] == 220 && image[4 + 20, 4 + 20, 0] == 255)
    #expect(image[48, 4, 0] == 230 && image[4, 92, 1] == 150)
  }
}
