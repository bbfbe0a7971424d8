import Artifacts
import Platform
import Projection
import Testing

/// Maps of points against scikit-learn; Tests/Golden/projection.py makes the figures.
@Suite struct ProjectionTests {
  /// Variances of up to 64 x 300 terms and eigenvectors whose gaps are above a hundredth of the
  /// largest eigenvalue: errors stay far below this.
  static let tolerance = 1e-6

  let golden: JSONValue
  let points: PointSet
  let labels: [Int]
  /// The points without equal distances, as the script weights them.
  let weighted: PointSet

  init() throws {
    golden = try JSONValue.read(Files.join(Files.parent(of: #filePath), "Golden/projection.json"))
    let rows = try #require(golden["points"]?.array).compactMap(\.numbers)
    points = PointSet(rows.flatMap { $0 }, width: 64)
    weighted = PointSet(
      points.values.enumerated().map { $1 * (1 + Double($0 % 64 * ($0 % 64)) * 1e-4) }, width: 64)
    labels = try #require(golden["labels"]?.array).compactMap(\.integer)
  }

  private func compare(_ points: PointSet, _ reference: JSONValue?) throws {
    let components = try PrincipalComponents(points, count: 5, threads: 2)
    let variance = try #require(reference?["variance"]?.numbers)
    let ratio = try #require(reference?["ratio"]?.numbers)
    for index in 0..<5 {
      #expect(abs(components.explainedVariance[index] - variance[index]) < Self.tolerance)
      #expect(abs(components.explainedVarianceRatio[index] - ratio[index]) < Self.tolerance)
    }
    let projected = components.project(points.subset(Array(0..<20)))
    let theirs = try #require(reference?["projected"]?.array).flatMap { $0.numbers ?? [] }
    #expect(theirs.count == 100)
    for (mine, other) in zip(projected.values, theirs) {
      #expect(abs(mine - other) < Self.tolerance)
    }
  }

  @Test func principalComponentsAgree() throws { try compare(points, golden["pca"]) }

  @Test func principalComponentsOfFewPointsAgree() throws {
    try compare(points.subset(Array(0..<30)), golden["pca_wide"])
  }

  @Test func principalComponentsOfDegeneratePointsStayFinite() throws {
    let same = PointSet(Array(repeating: 3, count: 24), width: 4)
    let components = try PrincipalComponents(same, count: 2)
    #expect(components.explainedVariance == [0, 0])
    #expect(components.project(same).values.allSatisfy { $0 == 0 })
    let one = try PrincipalComponents(PointSet([1, 2], width: 2), count: 2)
    #expect(one.components.isEmpty)
  }

  @Test func neighboursAgree() throws {
    let found = try NearestNeighbours.find(points, count: 5, threads: 2)
    let theirs = try #require(golden["neighbour_distances"]?.array).map { $0.numbers ?? [] }
    for (mine, other) in zip(found, theirs) {
      for (neighbour, square) in zip(mine, other) {
        #expect(abs(neighbour.squaredDistance - square) < Self.tolerance)
      }
    }
  }

  @Test func classGeometryAgrees() throws {
    let geometry = ClassGeometry(points, labels: labels, classCount: 10)
    let reference = golden["geometry"]
    let variances = try #require(reference?["variances"]?.numbers)
    for (mine, other) in zip(geometry.variances, variances) {
      #expect(abs(try #require(mine) - other) < Self.tolerance)
    }
    for (table, name) in [(geometry.distances, "distances"), (geometry.cosines, "cosines")] {
      let theirs = try #require(reference?[name]?.array).flatMap { $0.numbers ?? [] }
      for (mine, other) in zip(table.flatMap { $0 }, theirs) {
        #expect(abs(try #require(mine) - other) < Self.tolerance)
      }
    }
    let absent = ClassGeometry(points, labels: labels, classCount: 11)
    #expect(absent.variances[10] == nil && absent.distances[0][10] == nil)
  }

  @Test func trustworthinessAgrees() throws {
    let components = try PrincipalComponents(weighted, count: 2)
    let mine = try NearestNeighbours.trustworthiness(
      of: components.project(weighted), space: weighted, threads: 2)
    let theirs = try #require(golden["trustworthiness_of_pca"]?.number)
    #expect(abs(try #require(mine) - theirs) < Self.tolerance)
  }

  private func map(seed: UInt64, threads: Int, iterations: Int = 1000) throws -> TSNE {
    var options = TSNE.Options()
    options.perplexity = 20
    options.seed = seed
    options.iterations = iterations
    return try TSNE(weighted, options: options, threads: threads)
  }

  /// No worse than the worst of scikit-learn's own eleven runs, for each of three seeds.
  @Test func mapsAreAsGoodAsTheReference() throws {
    let worst = try #require(golden["tsne"]?["divergences"]?.numbers?.max())
    let least = try #require(golden["tsne"]?["trustworthiness"]?.numbers?.min())
    for seed in UInt64(0)..<3 {
      let tsne = try map(seed: seed, threads: 2)
      let own = try #require(
        try NearestNeighbours.trustworthiness(of: tsne.map, space: weighted, threads: 2))
      #expect(tsne.divergence <= worst, "\(tsne.divergence)")
      #expect(own >= least, "\(own)")
    }
  }

  @Test func mapsAreTheSameOnAnyNumberOfThreads() throws {
    let one = try map(seed: 3, threads: 1, iterations: 300)
    let three = try map(seed: 3, threads: 3, iterations: 300)
    #expect(one.map.values == three.map.values && one.divergence == three.divergence)
    let other = try map(seed: 4, threads: 2, iterations: 300)
    #expect(one.map.values != other.map.values)
  }

  @Test func copiesOfOnePointDoNotBreakTheMap() throws {
    let copies = PointSet(Array(repeating: 1, count: 120) + [2, 2, 2], width: 3)
    var options = TSNE.Options()
    options.perplexity = 5
    options.iterations = 300
    let tsne = try TSNE(copies, options: options, threads: 2)
    #expect(tsne.map.values.allSatisfy { $0.isFinite })
  }

  @Test func tooFewPointsAreRefused() throws {
    #expect(throws: Fault.self) { try TSNE(points.subset(Array(0..<30))) }
  }
}
