import Imaging
import Platform
import Portraits
import Testing

/// Landmarks lie on what they name, at rest, in expression and in pose.
@Suite struct LandmarkTests {
  private let sitting: Sitting = {
    var sitting = Sitting(seed: 1)
    var generator = SeededGenerator(seed: 1)
    // A person without glasses, whose eyes are free.
    for seed in 1..<60 {
      generator = SeededGenerator(seed: UInt64(seed))
      let identity = Identity(from: &generator)
      if !identity.wearsGlasses {
        sitting = Sitting(seed: UInt64(seed))
        break
      }
    }
    return sitting
  }()

  @Test func thereAreSixtyEightInOrder() {
    let points = sitting.portrait().landmarks.points
    #expect(points.count == 68)
    // From the picture's left to its right along the jaw, each brow, and each lip.
    for range in [0..<17, 17..<22, 22..<27, 31..<36, 48..<55, 60..<65] {
      for index in range.dropLast() { #expect(points[index].x < points[index + 1].x) }
    }
    for index in 27..<30 { #expect(points[index].y < points[index + 1].y) }
    #expect(points[8].y > points[57].y)
    #expect(points[37].y < points[41].y)
    #expect(points[51].y < points[57].y)
  }

  @Test func irisesAreDarkWhereTheEyePointsAre() {
    for pose in [Pose(), Pose(yaw: 0.35), Pose(yaw: -0.35, pitch: 0.1, roll: 0.2)] {
      let portrait = sitting.portrait(pose: pose)
      for eye in portrait.landmarks.five.prefix(2) {
        let iris = portrait.image.level(at: eye)
        let under = portrait.image.level(at: Vector2(eye.x, eye.y + 20))
        #expect(iris < 0.75 * under)
      }
    }
  }

  @Test func anOpenMouthIsDarkBetweenTheInnerLips() {
    let portrait = sitting.portrait([.jawDrop: 1])
    let points = portrait.landmarks.points
    #expect(points[66].y - points[62].y > 10)
    let within = points[62] + (points[66] - points[62]) * 0.45
    let chin = (points[57] + points[8]) * 0.5
    #expect(portrait.image.level(at: within) < 0.6 * portrait.image.level(at: chin))
  }

  @Test func theJawLineIsWhereTheFaceEnds() {
    let portrait = sitting.portrait()
    for index in [4, 5, 11, 12] {
      let p = portrait.landmarks.points[index]
      let outward: Float = index < 8 ? -1 : 1
      let inner = portrait.image.level(at: Vector2(p.x - outward * 7, p.y))
      let outer = portrait.image.level(at: Vector2(p.x + outward * 7, p.y))
      #expect(abs(inner - outer) > 12)
    }
  }

  @Test func turningTheHeadMovesTheNoseMost() {
    let rest = sitting.portrait().landmarks
    let turned = sitting.portrait(pose: Pose(yaw: 0.3)).landmarks
    let nose = turned.five[2].x - rest.five[2].x
    let eyes = (turned.five[0].x + turned.five[1].x - rest.five[0].x - rest.five[1].x) / 2
    #expect(nose > eyes + 3)
    #expect(eyes > 3)
  }

  @Test func theBoxHoldsTheFace() {
    let landmarks = sitting.portrait(pose: Pose(yaw: 0.2, roll: 0.2)).landmarks
    for p in landmarks.points {
      #expect(p.x >= landmarks.box.x && p.x <= landmarks.box.z)
      #expect(p.y >= landmarks.box.y && p.y <= landmarks.box.w)
    }
  }
}

/// Each action unit moves what it names and leaves the rest of the face alone.
@Suite struct ActionUnitTests {
  private let sitting = Sitting(seed: 21)

  /// How far each landmark moves, in interocular distances.
  private func shifts(_ units: [ActionUnit: Float]) -> [Vector2] {
    let rest = sitting.portrait().landmarks
    let moved = sitting.portrait(units).landmarks
    let unit = rest.five[1].x - rest.five[0].x
    return zip(moved.points, rest.points).map { ($0 - $1) / unit }
  }

  private func largest(_ shifts: some Sequence<Vector2>) -> Float {
    shifts.map { max(abs($0.x), abs($0.y)) }.max() ?? 0
  }

  /// Landmarks ride on the relief, which a neighbouring fold may change by a hair.
  private static let still: Float = 0.012

  @Test func browsRiseAndFall() {
    let inner = shifts([.innerBrowRaiser: 1])
    #expect(inner[21].y < -0.08 && inner[22].y < -0.08)
    #expect(abs(inner[17].y) < 0.03)
    let outer = shifts([.outerBrowRaiser: 1])
    #expect(outer[17].y < -0.08 && outer[26].y < -0.08)
    let lowered = shifts([.browLowerer: 1])
    #expect(lowered[21].y > 0.06 && lowered[22].y > 0.06)
    #expect(lowered[21].x > 0.02 && lowered[22].x < -0.02)
    for moved in [inner, outer, lowered] { #expect(largest(moved[48...]) < Self.still) }
  }

  @Test func lidsOpenAndNarrow() {
    let raised = shifts([.upperLidRaiser: 1])
    #expect(raised[37].y < -0.03 && raised[44].y < -0.03)
    let tight = shifts([.lidTightener: 1])
    #expect(tight[41].y < -0.008 && tight[46].y < -0.008)
    #expect(largest(raised[48...]) < Self.still)
    #expect(largest(tight[48...]) < Self.still)
  }

  @Test func mouthCornersGoWhereTheyArePulled() {
    let smile = shifts([.lipCornerPuller: 1])
    #expect(smile[48].y < -0.1 && smile[54].y < -0.1)
    #expect(smile[48].x < -0.06 && smile[54].x > 0.06)
    let down = shifts([.lipCornerDepressor: 1])
    #expect(down[48].y > 0.07 && down[54].y > 0.07)
    let wide = shifts([.lipStretcher: 1])
    #expect(wide[48].x < -0.06 && wide[54].x > 0.06)
    for moved in [smile, down, wide] {
      #expect(largest(moved[17..<31]) < Self.still)
      #expect(largest(moved[36..<48]) < Self.still)
    }
  }

  @Test func contemptIsOnePersonsRightSide() {
    let moved = shifts([.rightLipCornerPuller: 1, .rightDimpler: 1])
    #expect(moved[48].y < -0.1)
    #expect(abs(moved[54].y) < 0.02)
  }

  @Test func jawDropLengthensTheFace() {
    let moved = shifts([.jawDrop: 1])
    #expect(moved[8].y > 0.2)
    #expect(moved[66].y > 0.2)
    #expect(largest(moved[17..<48]) < Self.still)
  }

  @Test func lipsThinAndPart() {
    let rest = sitting.portrait().landmarks.points
    let tight = sitting.portrait([.lipTightener: 1]).landmarks.points
    #expect(tight[57].y - tight[51].y < 0.75 * (rest[57].y - rest[51].y))
    let lowered = shifts([.lowerLipDepressor: 1])
    #expect(lowered[57].y > 0.08)
    #expect(abs(lowered[51].y) < 0.03)
  }

  @Test func upperUnitsLeaveTheLowerPixelsAlone() {
    let rest = sitting.portrait()
    let moved = sitting.portrait([.innerBrowRaiser: 1, .outerBrowRaiser: 1, .upperLidRaiser: 1])
    let level = Int(rest.landmarks.five[2].y)
    var upper = 0
    var lower = 0
    for y in 0..<rest.image.height {
      for x in 0..<rest.image.width where rest.image[x, y, 0] != moved.image[x, y, 0] {
        if y < level { upper += 1 } else { lower += 1 }
      }
    }
    #expect(upper > 500)
    #expect(lower == 0)
  }
}
