import Glibc
import Platform

/// A map of points in the plane that keeps neighbours together: t-SNE by Barnes and Hut's tree.
///
/// van der Maaten (2014), Accelerating t-SNE using tree-based algorithms. The map starts from the
/// first two principal components; the seed moves the start by a hundredth of its spread. The same
/// bits come out for any number of threads.
public struct TSNE: Sendable {
  /// The options of the map.
  public struct Options: Sendable, Equatable {
    /// About how many neighbours each point has.
    public var perplexity = 30.0
    public var iterations = 1000
    public var seed: UInt64 = 0
    /// Squares whose side over distance is below this count as one point.
    public var angle = 0.5

    public init() {}
  }

  /// **Shape**: [n, 2].
  public let map: PointSet
  /// The Kullback-Leibler divergence from the affinities to the map's.
  public let divergence: Double

  /// For the first iterations the affinities are raised by this factor, which lets clusters form.
  private static let exaggeration = 12.0
  private static let exaggeratedIterations = 250

  /// Makes the map.
  ///
  /// - Parameter progress: called with the number of iterations done; may throw to stop.
  /// - Throws: `Fault` where there are too few points for the perplexity.
  public init(
    _ points: PointSet, options: Options = Options(), threads: Int = 1,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    guard points.count > 3, options.perplexity >= 1,
      options.perplexity < Double(points.count) / 3
    else {
      throw Fault(
        .badInput,
        "a perplexity of \(options.perplexity) needs more than three times as many points; there "
          + "are \(points.count)", remedy: "set a smaller perplexity")
    }
    let affinities = try Affinities(points, perplexity: options.perplexity, threads: threads)
    var descent = Descent(
      map: try Self.start(points, seed: options.seed, threads: threads), affinities: affinities,
      angle: options.angle, threads: threads)
    for iteration in 0..<options.iterations {
      let isEarly = iteration < Self.exaggeratedIterations
      try descent.step(
        exaggeration: isEarly ? Self.exaggeration : 1, momentum: isEarly ? 0.5 : 0.8)
      try progress(iteration + 1)
    }
    divergence = try descent.divergence()
    map = PointSet(descent.map, width: 2)
  }

  /// The first two principal components, scaled to a spread of 1e-4.
  private static func start(_ points: PointSet, seed: UInt64, threads: Int) throws -> [Double] {
    let components = try PrincipalComponents(points, count: 2, threads: threads)
    let plane = components.project(points)
    let spread = (components.explainedVariance.first ?? 0).squareRoot()
    var generator = SeededGenerator(seed: seed)
    return (0..<points.count).flatMap { row in
      (0..<2).map { axis in
        let place =
          axis < plane.width && spread > 0 ? plane.values[row * plane.width + axis] / spread : 0
        return (place + 0.01 * generator.normal()) * 1e-4
      }
    }
  }
}

/// Gradient descent with momentum and a gain for each coordinate.
private struct Descent {
  private(set) var map: [Double]
  private let affinities: Affinities
  private let angle: Double
  private let threads: Int
  private let rate: Double
  private var velocity: [Double]
  private var gains: [Double]
  private let tree = QuadTree()

  /// Points that one piece of work takes; fixed, so that sums do not depend on threads.
  private static let block = 128

  init(map: [Double], affinities: Affinities, angle: Double, threads: Int) {
    self.map = map
    self.affinities = affinities
    self.angle = angle
    self.threads = threads
    // Belkina et al. 2019: the number of points over the exaggeration; over 4 for this gradient.
    rate = max(Double(map.count / 2) / 12 / 4, 50)
    velocity = [Double](repeating: 0, count: map.count)
    gains = [Double](repeating: 1, count: map.count)
  }

  mutating func step(exaggeration: Double, momentum: Double) throws {
    let forces = try forces()
    let total = forces.reduce(0) { $0 + $1.sum }
    var index = 0
    var (middleX, middleY) = (0.0, 0.0)
    for force in forces {
      for row in 0..<force.attraction.count / 2 {
        for axis in 0..<2 {
          let gradient =
            4
            * (exaggeration * force.attraction[2 * row + axis]
              - force.repulsion[2 * row + axis] / total)
          gains[index] =
            velocity[index] * gradient < 0 ? gains[index] + 0.2 : max(0.01, gains[index] * 0.8)
          velocity[index] = momentum * velocity[index] - rate * gains[index] * gradient
          map[index] += velocity[index]
          if axis == 0 { middleX += map[index] } else { middleY += map[index] }
          index += 1
        }
      }
    }
    let count = Double(map.count / 2)
    for row in 0..<map.count / 2 {
      map[2 * row] -= middleX / count
      map[2 * row + 1] -= middleY / count
    }
  }

  private struct Forces: Sendable {
    var attraction: [Double] = []
    var repulsion: [Double] = []
    /// The sum of 1 / (1 + d^2) over pairs with these points.
    var sum = 0.0
  }

  private func forces() throws -> [Forces] {
    tree.build(map)
    let count = map.count / 2
    return try Parallel.map((count + Self.block - 1) / Self.block, threads: threads) {
      [map, affinities, angle, tree] block in
      var forces = Forces()
      for row in block * Self.block..<min(count, (block + 1) * Self.block) {
        let (x, y) = (map[2 * row], map[2 * row + 1])
        let away = tree.repulsion(x, y, angle: angle)
        forces.repulsion += [away.x, away.y]
        forces.sum += away.sum
        var (pullX, pullY) = (0.0, 0.0)
        for entry in affinities.starts[row]..<affinities.starts[row + 1] {
          let other = Int(affinities.columns[entry])
          let (dx, dy) = (x - map[2 * other], y - map[2 * other + 1])
          let weight = affinities.values[entry] / (1 + dx * dx + dy * dy)
          pullX += weight * dx
          pullY += weight * dy
        }
        forces.attraction += [pullX, pullY]
      }
      return forces
    }
  }

  /// sum p log(p / q), with the normalisation of q by the tree.
  func divergence() throws -> Double {
    let total = try forces().reduce(0) { $0 + $1.sum }
    var sum = 0.0
    for row in 0..<map.count / 2 {
      for entry in affinities.starts[row]..<affinities.starts[row + 1] {
        let other = Int(affinities.columns[entry])
        let (dx, dy) = (map[2 * row] - map[2 * other], map[2 * row + 1] - map[2 * other + 1])
        let p = max(affinities.values[entry], 1e-300)
        sum += p * log(p * total * (1 + dx * dx + dy * dy))
      }
    }
    return sum
  }
}
