import Platform
import YAML

extension Planner {
  /// The stages' indexes, each after the stages it takes inputs from; stages in a circle are noted
  /// and left out together with what follows from them.
  mutating func stageOrder() -> [Int] {
    let needs = manifest.stages.map { self.needs(of: $0) }
    let followers = Followers(of: needs)
    var missing = needs.map(\.count)
    var order = missing.indices.filter { missing[$0] == 0 }
    var next = 0
    while next < order.count {
      for follower in followers[order[next]] {
        missing[follower] -= 1
        if missing[follower] == 0 { order.append(follower) }
      }
      next += 1
    }
    if order.count < needs.count { noteCircle(needs, done: Set(order)) }
    return order
  }

  /// The indexes of the stages that a stage takes inputs from, each once.
  private func needs(of stage: Manifest.Stage) -> [Int] {
    var needs: [Int] = []
    for input in stage.inputs {
      for node in input.references {
        for reference in references(node, of: stage) {
          guard case .stage(let name, _, _) = reference.origin, let index = stageIndex[name] else {
            continue
          }
          needs.append(index)
        }
      }
    }
    return needs.count > 1 ? Set(needs).sorted() : needs
  }

  private mutating func noteCircle(_ needs: [[Int]], done: Set<Int>) {
    guard var index = needs.indices.first(where: { !done.contains($0) }) else { return }
    var path: [Int] = []
    while !path.contains(index) {
      path.append(index)
      guard let next = needs[index].first(where: { !done.contains($0) }) else { return }
      index = next
    }
    let circle = path[path.firstIndex(of: index)!...] + [index]
    let names = circle.map { manifest.stages[$0].name }.joined(separator: " <- ")
    faults.refuse(
      "stages take inputs from one another in a circle: \(names)",
      at: manifest.stages[index].place)
  }

  /// What a node refers to, variables filled in; nothing (and silent) where it is no reference.
  ///
  /// One with an axis in it, `text-${matrix.text}.embeddings`, refers to something for each value.
  private func references(_ node: YAMLNode, of stage: Manifest.Stage) -> [Reference] {
    guard !Self.axes(in: node).isEmpty else { return [reference(node, scope)].compactMap { $0 } }
    var quiet = self
    quiet.faults = FaultCollector()
    let rows = quiet.ownRows(of: stage)
    return rows.values.compactMap { values in
      var scope = scope
      scope.axes = Dictionary(zip(rows.axes, values), uniquingKeysWith: { $1 })
      return reference(node, scope)
    }
  }

  private func reference(_ node: YAMLNode, _ scope: Scope) -> Reference? {
    guard let text = try? scope.fill(node).string else { return nil }
    return try? Reference(text, at: node.place)
  }

  /// The axes that a node's text names, in order.
  static func axes(in node: YAMLNode) -> [String] {
    guard case .text(let text) = node.value, text.utf8.contains(UInt8(ascii: "$")),
      let template = try? Template(text, at: nil)
    else { return [] }
    var axes: [String] = []
    for case .reference(let name) in template.parts where name.hasPrefix("matrix.") {
      let axis = String(name.dropFirst("matrix.".count))
      if !axes.contains(axis) { axes.append(axis) }
    }
    return axes
  }
}
