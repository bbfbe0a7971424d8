import Platform

extension KnowledgeObjective {
  /// Vectors shorter than this count as of this length.
  private static let smallestLength = 1e-8

  /// The class embeddings' directions over the temperature: a layer on vectors of length 1.
  @Sendable static func exportedHead(
    _ tensors: StoredTensors, _ description: ModelDescription
  ) throws -> ExportedHead {
    let (shape, values) = try tensors("method.text")
    let width = shape.last ?? 0
    let rows = stride(from: 0, to: values.count, by: max(1, width)).map { start in
      let row = values[start..<start + width].map(Double.init)
      let length = max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), smallestLength)
      return row.map { $0 / length / description.temperature }
    }
    let pooled = pooled(rows, description.ensemble)
    return ExportedHead(
      rows: pooled.flatMap { $0.map { Float($0) } }, width: width,
      rowsPerClass: max(1, pooled.count / max(1, description.classes.count)),
      summary: "cosines of feature and class embedding over the temperature; in model.safetensors "
        + "the classifier's rows are the embeddings' directions over the temperature, for features "
        + "of length 1")
  }

  /// One row for each class where the mean of the prompts' logits counts, which is linear; as many
  /// rows for every class, the last one repeated, where the largest does.
  private static func pooled(_ rows: [[Double]], _ groups: PromptGroups?) -> [[Double]] {
    guard let groups, groups.classes.count == rows.count else { return rows }
    let classes = 0...(groups.classes.max() ?? 0)
    let members = classes.map { label in
      rows.indices.filter { groups.classes[$0] == label }.map { rows[$0] }
    }
    switch groups.pooling {
    case .logits:
      return members.map { own in
        own[0].indices.map { column in
          own.reduce(0) { $0 + $1[column] } / Double(own.count)
        }
      }
    case .nearest:
      let most = members.map(\.count).max() ?? 1
      return members.flatMap { own in (0..<most).map { own[min($0, own.count - 1)] } }
    }
  }
}
