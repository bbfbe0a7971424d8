import Artifacts
import Methods
import Platform
import Testing

@Suite struct MethodEmbeddingsTests {
  func scratch(_ name: String) throws -> String {
    let folder = "/tmp/ferry-embeddings-\(Files.temporaryNumber())-\(UInt64.random(in: 0...(.max)))"
    try Files.makeDirectories(folder)
    return Files.join(folder, name)
  }

  @Test func aFileGivesBackWhatWasWritten() throws {
    let path = try scratch("embeddings.safetensors")
    defer { try? Files.removeTree(Files.parent(of: path)) }
    let made = try ClassEmbeddings.circumplex(
      ["anger", "neutral", "fear"], prompts: ["an anger", "a neutral", "a fear"])
    try made.write(to: path)
    let read = try ClassEmbeddings(file: path)
    #expect(read == made)
    let two = try read.selecting(["fear", "anger"], from: path)
    #expect(two.prompts == ["a fear", "an anger"])
    #expect(try Array(two.values[512...]) == Circumplex.embedding(of: "anger"))
  }

  @Test func namesSeparatedByCommasAreTakenToo() throws {
    let path = try scratch("other.safetensors")
    defer { try? Files.removeTree(Files.parent(of: path)) }
    let writer = try SafetensorsWriter(
      path, tensors: [("text", .float32, [2, 1])], metadata: ["classes": "joy, fear "])
    try writer.append([Float(1), 2])
    try writer.finish()
    #expect(try ClassEmbeddings(file: path).classes == ["joy", "fear"])
  }

  @Test func whatIsMissingIsNamed() throws {
    let embeddings = try ClassEmbeddings.circumplex(["anger", "fear"], prompts: ["a", "b"])
    #expect {
      try embeddings.selecting(["anger", "joy", "awe"], from: "text.safetensors")
    } throws: { error in
      (error as? Fault)?.message.contains("'joy', 'awe'") == true
    }
    #expect(throws: Fault.self) {
      try ClassEmbeddings(classes: ["a", "a"], prompts: ["a", "a"], width: 1, values: [1, 2])
    }
    #expect(throws: Fault.self) {
      try ClassEmbeddings(classes: ["a"], prompts: ["a"], width: 1, values: [.nan])
    }
    #expect(throws: Fault.self) {
      try ClassEmbeddings(classes: ["a"], prompts: [], width: 1, values: [1])
    }
  }
}
