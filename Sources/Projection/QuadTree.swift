/// Points of the plane in nested squares, each with its centre of mass (Barnes and Hut 1986).
///
/// The storage is kept between builds. Read by many threads, built by one.
final class QuadTree: @unchecked Sendable {
  private struct Node {
    var massX = 0.0
    var massY = 0.0
    var count = 0.0
    var centreX = 0.0
    var centreY = 0.0
    var half = 0.0
    /// The first of four children; 0 in a leaf.
    var children: Int32 = 0
    var depth: Int32 = 0
  }

  /// Squares of this depth are not divided: points in them are all but the same.
  private static let deepest: Int32 = 48
  private var nodes: [Node] = []

  func build(_ map: [Double]) {
    nodes.removeAll(keepingCapacity: true)
    var (low, high) = ((Double.infinity, Double.infinity), (-Double.infinity, -Double.infinity))
    for row in 0..<map.count / 2 {
      low = (min(low.0, map[2 * row]), min(low.1, map[2 * row + 1]))
      high = (max(high.0, map[2 * row]), max(high.1, map[2 * row + 1]))
    }
    let half = max(high.0 - low.0, high.1 - low.1) / 2 * (1 + 1e-9) + 1e-300
    nodes.append(
      Node(centreX: (low.0 + high.0) / 2, centreY: (low.1 + high.1) / 2, half: half))
    for row in 0..<map.count / 2 { insert(map[2 * row], map[2 * row + 1]) }
    for index in nodes.indices where nodes[index].count > 0 {
      nodes[index].massX /= nodes[index].count
      nodes[index].massY /= nodes[index].count
    }
  }

  private func insert(_ x: Double, _ y: Double) {
    var index = 0
    while true {
      let node = nodes[index]
      if node.children == 0 {
        let isSame = node.massX == x * node.count && node.massY == y * node.count
        if node.count == 0 || isSame || node.depth == Self.deepest { break }
        divide(index)
      }
      add(x, y, to: index)
      index = child(of: index, x, y)
    }
    add(x, y, to: index)
  }

  private func add(_ x: Double, _ y: Double, to index: Int) {
    nodes[index].massX += x
    nodes[index].massY += y
    nodes[index].count += 1
  }

  private func child(of index: Int, _ x: Double, _ y: Double) -> Int {
    let node = nodes[index]
    return Int(node.children) + (x >= node.centreX ? 1 : 0) + (y >= node.centreY ? 2 : 0)
  }

  /// Gives a leaf four children and moves its mass, which lies at one place, to one of them.
  private func divide(_ index: Int) {
    let node = nodes[index]
    let quarter = node.half / 2
    nodes[index].children = Int32(nodes.count)
    for place in 0..<4 {
      nodes.append(
        Node(
          centreX: node.centreX + (place & 1 == 0 ? -quarter : quarter),
          centreY: node.centreY + (place & 2 == 0 ? -quarter : quarter), half: quarter,
          depth: node.depth + 1))
    }
    let target = child(of: index, node.massX / node.count, node.massY / node.count)
    nodes[target].massX = node.massX
    nodes[target].massY = node.massY
    nodes[target].count = node.count
  }

  /// The repulsion on a point: the sums of q^2 (y_i - y_j) and of q over the other points, with
  /// q = 1 / (1 + |y_i - y_j|^2) and far squares taken as one.
  ///
  /// A square is far where its side over its distance is below `angle`.
  func repulsion(_ x: Double, _ y: Double, angle: Double) -> (x: Double, y: Double, sum: Double) {
    var (forceX, forceY, sum) = (0.0, 0.0, 0.0)
    let limit = angle * angle
    nodes.withUnsafeBufferPointer { nodes in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 4 * Int(Self.deepest) + 8) { stack in
        stack[0] = 0
        var top = 1
        while top > 0 {
          top -= 1
          let node = nodes[Int(stack[top])]
          if node.count == 0 { continue }
          let (dx, dy) = (x - node.massX, y - node.massY)
          let square = dx * dx + dy * dy
          if node.children == 0 || 4 * node.half * node.half < limit * square {
            let q = 1 / (1 + square)
            // A leaf at the point's own place holds the point itself.
            let others = square == 0 ? node.count - 1 : node.count
            sum += others * q
            forceX += others * q * q * dx
            forceY += others * q * q * dy
          } else {
            for child in 0..<Int32(4) {
              stack[top] = node.children + child
              top += 1
            }
          }
        }
      }
    }
    return (forceX, forceY, sum)
  }
}
