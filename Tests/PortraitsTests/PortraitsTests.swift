import Imaging
import Platform
import Portraits
import Testing

/// A frontal, evenly lit face without noise, large enough to measure.
struct Sitting {
  var identity: Identity
  var conditions: Conditions

  init(seed: UInt64 = 11) {
    var generator = SeededGenerator(seed: seed)
    identity = Identity(from: &generator)
    conditions = Conditions(.laboratory, strength: 0, from: &generator)
  }

  func portrait(
    _ units: [ActionUnit: Float] = [:], pose: Pose = Pose(), side: Int = 200
  ) -> Portrait {
    var conditions = conditions
    conditions.pose = pose
    let size = Float(side)
    let framing = Framing(
      width: side, height: side, scale: 0.27 * size, centre: Vector2(0.5 * size, 0.52 * size))
    return PortraitRenderer().render(
      identity, ActionUnits(units), conditions, framing, channels: 1)
  }
}

@Suite struct PrototypeTests {
  @Test func prototypesCarryTheirUnits() {
    let codes = Dictionary(
      uniqueKeysWithValues: Prototype.allCases.map { ($0, $0.units.map(\.code)) })
    #expect(codes[.surprise] == ["1", "2", "5", "26"])
    #expect(codes[.fear] == ["1", "2", "4", "5", "7", "20", "26"])
    #expect(codes[.disgust] == ["9", "15", "16"])
    #expect(codes[.happiness] == ["6", "12"])
    #expect(codes[.sadness] == ["1", "4", "15"])
    #expect(codes[.anger] == ["4", "5", "7", "23"])
    #expect(codes[.neutral] == [])
    #expect(codes[.contempt] == ["R12", "R14"])
  }

  @Test func drawnExpressionsStayInTheirRange() {
    var generator = SeededGenerator(seed: 3)
    for prototype in Prototype.allCases {
      for _ in 0..<50 {
        let units = ActionUnits(prototype, intensity: 0.45...1, stray: 0.1, from: &generator)
        for unit in ActionUnit.allCases {
          if prototype.units.contains(unit) {
            #expect(units[unit] >= 0.45)
          } else {
            #expect(units[unit] <= 0.1)
          }
        }
      }
    }
  }

  @Test func intensitiesAreHeldToTheUnitInterval() {
    var units = ActionUnits([.jawDrop: 3, .browLowerer: -1])
    #expect(units[.jawDrop] == 1)
    #expect(units[.browLowerer] == 0)
    units = units.scaled(by: 0.25)
    #expect(units[.jawDrop] == 0.25)
    #expect(units.active() == [.jawDrop])
  }
}

@Suite struct RenderingTests {
  @Test func equalArgumentsGiveEqualBits() throws {
    let work: @Sendable (Int) -> Portrait = { index in
      var generator = SeededGenerator(seed: 5, UInt64(index))
      let identity = Identity(from: &generator)
      let units = ActionUnits(
        Prototype.allCases[index % 8], intensity: 0.5...1, stray: 0.1, from: &generator)
      let conditions = Conditions(.wild, strength: 1, from: &generator)
      let framing = Framing(
        width: 70 + index, height: 64, scale: 18, centre: Vector2(35, 34))
      return PortraitRenderer().render(identity, units, conditions, framing, channels: 3)
    }
    let alone = try Parallel.map(24, threads: 1, work)
    let together = try Parallel.map(24, threads: 4, work)
    for (a, b) in zip(alone, together) {
      #expect(a.image == b.image)
      #expect(a.landmarks == b.landmarks)
    }
  }

  @Test func headsBeyondThePictureAreClipped() {
    let sitting = Sitting()
    for centre in [Vector2(-400, 20), Vector2(5, 900), Vector2(64, -30), Vector2(30, 30)] {
      let framing = Framing(width: 48, height: 40, scale: 60, centre: centre)
      let portrait = PortraitRenderer().render(
        sitting.identity, ActionUnits(), sitting.conditions, framing, channels: 3)
      #expect(portrait.image.pixels.count == 48 * 40 * 3)
    }
  }

  @Test func peopleDiffer() {
    let a = Sitting(seed: 1).portrait().image
    let b = Sitting(seed: 2).portrait().image
    #expect(a.meanDifference(b) > 8)
  }

  @Test func theLaboratoryIsGreyAndTheWildIsNot() {
    var generator = SeededGenerator(seed: 8)
    let identity = Identity(from: &generator)
    let framing = Framing(width: 64, height: 64, scale: 17, centre: Vector2(32, 34))
    let laboratory = Conditions(.laboratory, strength: 1, from: &generator)
    #expect(laboratory.isGrey)
    #expect(laboratory.occluder == nil)
    var wild = Conditions(.wild, strength: 1, from: &generator)
    wild.isGrey = false
    let image = PortraitRenderer().render(
      identity, ActionUnits(), wild, framing, channels: 3
    ).image
    let coloured = stride(from: 0, to: image.pixels.count, by: 3).count {
      abs(Int(image.pixels[$0]) - Int(image.pixels[$0 + 2])) > 10
    }
    #expect(coloured > 64 * 64 / 4)
  }
}

extension Image {
  /// The mean absolute difference of two pictures of one size.
  func meanDifference(_ other: Image) -> Double {
    let sum = zip(pixels, other.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(pixels.count)
  }

  /// The mean level in a square about a point of a grey picture.
  func level(at p: Vector2, radius: Int = 1) -> Double {
    var sum = 0
    for y in Int(p.y) - radius...Int(p.y) + radius {
      for x in Int(p.x) - radius...Int(p.x) + radius { sum += Int(self[x, y, 0]) }
    }
    return Double(sum) / Double((2 * radius + 1) * (2 * radius + 1))
  }
}
