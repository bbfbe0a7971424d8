import Platform

/// A neighbour of a point.
public struct Neighbour: Sendable, Equatable {
  public let row: Int
  public let squaredDistance: Double
}

/// Exact nearest neighbours by Euclidean distance; of equal distances the lower row comes first.
public enum NearestNeighbours {
  /// The `count` nearest rows of `among` to each point of `points`, nearest first.
  ///
  /// - Parameter excludesSelf: whether row i of `points` is row i of `among`, and no neighbour.
  /// - Complexity: O(n m width).
  public static func find(
    _ points: PointSet, among: PointSet, count: Int, excludesSelf: Bool, threads: Int = 1
  ) throws -> [[Neighbour]] {
    precondition(points.width == among.width)
    return try Parallel.map(points.count, threads: threads) { row in
      let distances = squaredDistances(from: row, of: points, to: among)
      var nearest = BoundedHeap(capacity: count)
      for (other, distance) in distances.enumerated() where !(excludesSelf && other == row) {
        nearest.offer(Neighbour(row: other, squaredDistance: distance))
      }
      return nearest.sorted
    }
  }

  /// The `count` nearest other points of each point.
  public static func find(
    _ points: PointSet, count: Int, threads: Int = 1
  ) throws -> [[Neighbour]] {
    try find(points, among: points, count: count, excludesSelf: true, threads: threads)
  }

  static func squaredDistances(
    from row: Int, of points: PointSet, to among: PointSet
  ) -> [Double] {
    let width = points.width
    return points.values.withUnsafeBufferPointer { own in
      among.values.withUnsafeBufferPointer { others in
        guard let a = own.baseAddress, let b = others.baseAddress else { return [] }
        return (0..<among.count).map {
          Lanes.squaredDistance(a + row * width, b + $0 * width, width)
        }
      }
    }
  }

  /// How well a map keeps neighbourhoods, 0 to 1 (Venna and Kaski 2001): points that are near in
  /// the map only are counted by how far they are in the space.
  ///
  /// **Equation**: T = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j in U_k(i)} (r(i, j) - k).
  /// - Returns: nil where `neighbours` is half of the points or more.
  public static func trustworthiness(
    of map: PointSet, space: PointSet, neighbours k: Int = 5, threads: Int = 1
  ) throws -> Double? {
    let n = space.count
    guard map.count == n, k > 0, 2 * k < n else { return nil }
    let near = try find(map, count: k, threads: threads)
    let penalties = try Parallel.map(n, threads: threads) { row -> Int in
      let distances = squaredDistances(from: row, of: space, to: space)
      return near[row].reduce(0) { sum, neighbour in
        let own = distances[neighbour.row]
        var rank = 1
        for (other, distance) in distances.enumerated() where other != row {
          if distance < own || (distance == own && other < neighbour.row) { rank += 1 }
        }
        return sum + max(0, rank - k)
      }
    }
    let scale = 2 / (Double(n * k) * Double(2 * n - 3 * k - 1))
    return 1 - scale * Double(penalties.reduce(0, +))
  }
}

/// The smallest of what is offered; a heap whose root is the farthest kept.
private struct BoundedHeap {
  private let capacity: Int
  private var items: [Neighbour] = []

  init(capacity: Int) {
    self.capacity = capacity
    items.reserveCapacity(capacity)
  }

  private static func isFarther(_ a: Neighbour, _ b: Neighbour) -> Bool {
    (a.squaredDistance, a.row) > (b.squaredDistance, b.row)
  }

  mutating func offer(_ item: Neighbour) {
    if items.count < capacity {
      items.append(item)
      var child = items.count - 1
      while child > 0, Self.isFarther(items[child], items[(child - 1) / 2]) {
        items.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    } else if let farthest = items.first, Self.isFarther(farthest, item) {
      items[0] = item
      sink()
    }
  }

  private mutating func sink() {
    var parent = 0
    while 2 * parent + 1 < items.count {
      var child = 2 * parent + 1
      if child + 1 < items.count, Self.isFarther(items[child + 1], items[child]) { child += 1 }
      guard Self.isFarther(items[child], items[parent]) else { return }
      items.swapAt(child, parent)
      parent = child
    }
  }

  var sorted: [Neighbour] { items.sorted { Self.isFarther($1, $0) } }
}
