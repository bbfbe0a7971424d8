import Artifacts
import Methods
import Platform
import Samples
import Tensors
import Testing

/// Several prompts a class: how they are kept, and how a class scores by them.
@Suite struct PromptEnsembleTests {
  private static let width = 6
  /// Three classes with two, one and three prompts.
  private static let classes = [0, 0, 1, 2, 2, 2]
  /// Sums of six products of numbers of a few units, computed in double precision both times.
  private static let roundingTolerance = 1e-12

  private static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.normal()) }
  }

  private func embeddings(_ pooling: PromptPooling) throws -> ClassEmbeddings {
    let each = PromptEmbeddings(
      prompts: Self.classes.indices.map { "prompt, \($0)" }, classes: Self.classes,
      values: Self.numbers(Self.classes.count * Self.width, seed: 1))
    return try ClassEmbeddings(
      classes: ["fear", "neutral", "anger"], prompts: ["f", "n", "a"], width: Self.width,
      values: Self.numbers(3 * Self.width, seed: 2),
      ensemble: PromptEnsemble(pooling, each: each))
  }

  private func unit(_ row: ArraySlice<Float>) -> [Double] {
    let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return row.map { Double($0) / length }
  }

  private func rows(_ values: [Float]) -> [[Double]] {
    stride(from: 0, to: values.count, by: Self.width).map {
      unit(values[$0..<$0 + Self.width])
    }
  }

  private func logits(_ pooling: PromptPooling, _ faces: [Float]) throws -> [Double] {
    let made = try embeddings(pooling)
    let choice = try KnowledgeObjective.kind.choice(["temperature": 0.1])
    var generator = SeededGenerator(seed: 1)
    let head = try choice.kind.make(
      MethodSetup(
        values: choice.values, classes: try ClassList(exactly: made.classes), embeddings: made,
        width: Self.width), &generator)
    return head.logits(Tensor([faces.count / Self.width, Self.width], values: faces))
  }

  /// The mean of the prompts' logits is the product with the mean of their directions, as it is.
  @Test func logitsAreAProductWithTheMeanDirection() throws {
    let faces = Self.numbers(4 * Self.width, seed: 3)
    let prompts = rows(try #require(try embeddings(.logits).ensemble).each.values)
    let found = try logits(.logits, faces)
    for (face, direction) in rows(faces).enumerated() {
      for label in 0..<3 {
        let own = Self.classes.indices.filter { Self.classes[$0] == label }
        let mean = (0..<Self.width).map { column in
          own.reduce(0) { $0 + prompts[$1][column] } / Double(own.count)
        }
        let expected = zip(direction, mean).reduce(0) { $0 + $1.0 * $1.1 } / 0.1
        #expect(abs(found[3 * face + label] - expected) < Self.roundingTolerance)
      }
    }
  }

  @Test func theNearestPromptSpeaksForItsClass() throws {
    let faces = Self.numbers(4 * Self.width, seed: 3)
    let prompts = rows(try #require(try embeddings(.nearest).ensemble).each.values)
    let found = try logits(.nearest, faces)
    for (face, direction) in rows(faces).enumerated() {
      for label in 0..<3 {
        let cosines = Self.classes.indices.filter { Self.classes[$0] == label }.map { prompt in
          zip(direction, prompts[prompt]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let expected = (cosines.max() ?? .nan) / 0.1
        #expect(abs(found[3 * face + label] - expected) < Self.roundingTolerance)
      }
    }
  }

  @Test(arguments: PromptPooling.allCases) func filesKeepThem(pooling: PromptPooling) throws {
    let folder = try TemporaryDirectory("ferry-ensemble")
    let made = try embeddings(pooling)
    try made.write(to: folder("e.safetensors"))
    #expect(try ClassEmbeddings(file: folder("e.safetensors")) == made)
    let two = try made.selecting(["anger", "fear"], from: "e")
    #expect(two.ensemble?.each.classes == [0, 0, 0, 1, 1])
    #expect(two.ensemble?.each.prompts.last == "prompt, 1")
    let values = try #require(made.ensemble?.each.values)
    #expect(two.ensemble?.each.values == Array(values[18...]) + Array(values[..<12]))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let folder = try TemporaryDirectory("ferry-ensemble")
    func write(_ name: String, _ ensemble: String, classes: [Int], width: Int = 2) throws -> String
    {
      let writer = try SafetensorsWriter(
        folder(name),
        tensors: [
          ("each_class", .int64, [classes.count]), ("each", .float32, [classes.count, width]),
          ("text", .float32, [2, 2]),
        ], metadata: ["classes": "[\"a\", \"b\"]", "ensemble": ensemble])
      try writer.append(classes)
      try writer.append([Float](repeating: 1, count: classes.count * width))
      try writer.append([Float(1), 2, 3, 4])
      try writer.finish()
      return folder(name)
    }
    for (path, words) in [
      (try write("a", "median", classes: [0, 1]), "logits or nearest"),
      (try write("b", "logits", classes: [0, 0]), "a prompt for each of 2"),
      (try write("c", "nearest", classes: [0, 1, 7]), "a prompt for each of 2"),
      (try write("d", "nearest", classes: [0, 1], width: 3), "'each' with 2 columns"),
    ] {
      #expect { try ClassEmbeddings(file: path) } throws: { "\($0)".contains(words) }
    }
    #expect(try ClassEmbeddings(file: try write("e", "logits", classes: [1, 0])).ensemble != nil)
  }
}
