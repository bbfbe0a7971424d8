/// The vectors that classes are compared with: one a class, or several that are pooled.
struct ClassText {
  /// One row a prompt, `[P, d]`.
  let rows: VectorRows
  let classCount: Int
  private let pooling: PromptPooling?
  /// The prompts of each class.
  private let members: [[Int]]

  /// Without groups each row is a class.
  init(_ values: [Double], width: Int, groups: PromptGroups?) {
    rows = VectorRows(values, width: width)
    pooling = groups?.pooling
    guard let groups else {
      classCount = rows.count
      members = (0..<rows.count).map { [$0] }
      return
    }
    precondition(groups.classes.count == rows.count, "every prompt belongs to a class")
    classCount = (groups.classes.max() ?? -1) + 1
    members = (0..<classCount).map { label in
      groups.classes.indices.filter { groups.classes[$0] == label }
    }
  }

  /// One vector a class, `[K, d]`: the row itself, or the mean of its prompts' directions.
  var centres: [Double] {
    guard pooling != nil else { return rows.values }
    let width = rows.width
    return members.flatMap { own in
      (0..<width).map { column in
        own.reduce(0) { $0 + rows.directions[$1 * width + column] } / Double(own.count)
      }
    }
  }

  /// The classes' cosines `[N, K]` from the prompts' `[N, P]`.
  func pooled(_ cosines: [Double]) -> [Double] {
    guard pooling != nil else { return cosines }
    var result: [Double] = []
    result.reserveCapacity(cosines.count / rows.count * classCount)
    for sample in 0..<cosines.count / rows.count {
      for label in 0..<classCount {
        result.append(
          parts(of: label, sample, cosines).reduce(0) {
            $0 + $1.share * cosines[sample * rows.count + $1.prompt]
          })
      }
    }
    return result
  }

  /// The prompts that a class's cosine comes from, and how much each of them counts.
  func parts(of label: Int, _ sample: Int, _ cosines: [Double]) -> [(prompt: Int, share: Double)] {
    let own = members[label]
    guard pooling == .nearest else { return own.map { ($0, 1 / Double(own.count)) } }
    let first = sample * rows.count
    let nearest = own.dropFirst().reduce(own[0]) {
      cosines[first + $1] > cosines[first + $0] ? $1 : $0
    }
    return [(nearest, 1)]
  }
}
