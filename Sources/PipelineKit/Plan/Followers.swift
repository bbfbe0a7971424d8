/// For each node of a graph the nodes that need it, in one array.
struct Followers: Sendable {
  private let starts: [Int]
  private let nodes: [Int]

  /// - Parameter needs: the nodes that each node needs, each once.
  init(of needs: [[Int]]) {
    var starts = Array(repeating: 0, count: needs.count + 1)
    for needed in needs {
      for index in needed { starts[index + 1] += 1 }
    }
    for index in needs.indices { starts[index + 1] += starts[index] }
    var nodes = Array(repeating: 0, count: starts[needs.count])
    var next = starts
    for (index, needed) in needs.enumerated() {
      for producer in needed {
        nodes[next[producer]] = index
        next[producer] += 1
      }
    }
    self.starts = starts
    self.nodes = nodes
  }

  /// The nodes that need `index`, in order.
  subscript(index: Int) -> ArraySlice<Int> { nodes[starts[index]..<starts[index + 1]] }
}
