import Methods
import Platform
import Testing

@Suite struct MethodCircumplexTests {
  /// Rounding 512 components to single precision moves a norm or a cosine by at most 512 half-ulps
  /// of the component size, far below this.
  static let roundingTolerance = 1e-5

  func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  func vector(_ name: String) throws -> [Float] { try Circumplex.embedding(of: name) }

  func cosine(_ a: String, _ b: String) throws -> Double { dot(try vector(a), try vector(b)) }

  @Test func everyVectorHasNormOne() throws {
    for entry in Circumplex.entries {
      let v = try vector(entry.name)
      #expect(v.count == 512)
      #expect(abs(dot(v, v).squareRoot() - 1) < Self.roundingTolerance, "\(entry.name)")
    }
  }

  @Test func pairwiseCosinesLieInTheStatedRange() throws {
    for a in Circumplex.entries {
      for b in Circumplex.entries where a.name < b.name {
        let cosine = try cosine(a.name, b.name)
        #expect(cosine > -0.2 && cosine < 0.9, "\(a.name) and \(b.name): \(cosine)")
      }
    }
  }

  @Test func nearAndFarAreAsThePsychologySays() throws {
    #expect(try cosine("fear", "surprise") > cosine("fear", "happiness"))
    #expect(try cosine("happiness", "sadness") < cosine("anger", "disgust"))
  }

  @Test func neutralIsTheCentre() throws {
    let neutral = try vector("neutral")
    for entry in Circumplex.entries where entry.name != "neutral" {
      let cosine = dot(neutral, try vector(entry.name))
      #expect(cosine > 0.4 && cosine < 0.75, "\(entry.name): \(cosine)")
    }
    #expect(neutral.allSatisfy { abs(abs($0) - Float(1 / 512.0.squareRoot())) < 1e-7 })
  }

  @Test(arguments: Circumplex.widths)
  func everyWidthHasTheSameCosines(width: Int) throws {
    let vectors = try Circumplex.entries.map {
      try Circumplex.embedding(of: $0.name, width: width)
    }
    let usual = try Circumplex.entries.map { try vector($0.name) }
    for i in vectors.indices {
      for j in vectors.indices {
        let difference = dot(vectors[i], vectors[j]) - dot(usual[i], usual[j])
        #expect(abs(difference) < Self.roundingTolerance)
      }
    }
    #expect(throws: Fault.self) { try Circumplex.embedding(of: "fear", width: 300) }
  }

  @Test func anUnknownClassIsRefusedWithTheKnownNames() {
    #expect {
      try Circumplex.embedding(of: "boredom")
    } throws: { error in
      (error as? Fault)?.description.contains("surprise, fear") == true
    }
  }
}
