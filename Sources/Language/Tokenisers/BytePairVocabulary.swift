import Archives
import Artifacts
import Platform

private typealias Bytes = ArraySlice<UInt8>

private func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

/// The symbols of a byte-level byte-pair encoding, and which pairs merge in which order.
///
/// A symbol's spelling writes each byte as one printable character and marks the end of a word with
/// `</w>`, as in OpenAI's files.
public struct BytePairVocabulary: Sendable {
  /// A merge of two symbols.
  struct Merge: Sendable {
    var rank: Int32
    var result: Int32
  }

  static let endOfWord = "</w>"
  static let startSpelling = "<|startoftext|>"
  static let endSpelling = "<|endoftext|>"

  /// The number of ids.
  public let count: Int
  /// The ids of the start and the end of a text.
  public let start: Int
  public let end: Int
  /// The symbol of each byte, inside a word and at its end.
  let inner: [Int32]
  let final: [Int32]
  let merges: [UInt64: Merge]

  static func key(_ a: Int32, _ b: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: a)) << 32 | UInt64(UInt32(bitPattern: b))
  }

  /// The printable character of each byte.
  package static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 256
    return (0..<256).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? " "
      }
    }
  }()

  /// Bytes in the order of OpenAI's ids: the printable ones first.
  static let byteOrder: [Int] = {
    let printable = (0..<256).filter { characters[$0].value < 256 }
    return printable + (0..<256).filter { characters[$0].value >= 256 }
  }()

  /// Merges that OpenAI's models use of the longer list in their file.
  static let openAIMerges = 49152 - 256 - 2
  private static let fileLimit = 64 << 20
  private static let symbolLimit = 1 << 21

  /// Reads `bpe_simple_vocab_16e6.txt.gz` (or its text), or the file `vocab.json` with `merges.txt`
  /// beside it.
  ///
  /// - Throws: `Fault` that names the line or the symbol that does not fit.
  public init(file path: String) throws {
    if path.hasSuffix(".json") {
      try self.init(
        vocabulary: path, merges: Files.join(Files.parent(of: path), "merges.txt"))
    } else {
      try self.init(openAI: path)
    }
  }

  /// Reads a list of merges from which the ids follow: bytes, bytes at the end of a word, merges.
  public init(openAI path: String) throws {
    let bytes = try CompressedFile.read(path, limit: Self.fileLimit)
    var ids: [Spelling: Int32] = [:]
    ids.reserveCapacity(1 << 16)
    for suffix in ["", Self.endOfWord] {
      for byte in Self.byteOrder {
        ids[Spelling((String(Self.characters[byte]) + suffix).utf8)] = Int32(ids.count)
      }
    }
    let lines = try MergeLines(bytes, file: path, most: Self.openAIMerges)
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(lines.count)
    try lines.forEach { a, b, line in
      let result = Int32(ids.count)
      guard ids.updateValue(result, forKey: Spelling(a + b)) == nil else {
        throw lines.fault("the merge makes '\(text(a + b))' a second time", line: line)
      }
      try Self.add(a, b, result, lines, line, ids, &merges)
    }
    ids[Spelling(Self.startSpelling.utf8)] = Int32(ids.count)
    ids[Spelling(Self.endSpelling.utf8)] = Int32(ids.count)
    try self.init(ids, merges, file: path)
  }

  /// Reads ids from a JSON map of spellings and merges from a text file, as Hugging Face keeps them.
  public init(vocabulary: String, merges path: String) throws {
    let json = try JSONValue.read(vocabulary, limit: Self.fileLimit)
    guard let members = json.object, members.count <= Self.symbolLimit else {
      throw Fault(.badInput, "the vocabulary is not a map of symbols", at: .init(vocabulary))
    }
    var ids: [Spelling: Int32] = [:]
    ids.reserveCapacity(members.count)
    var taken = [Bool](repeating: false, count: members.count)
    for (spelling, value) in members {
      guard let id = value.integer, taken.indices.contains(id), !taken[id] else {
        throw Fault(
          .badInput,
          "the id of '\(spelling)' is not a number of its own below \(members.count)",
          at: .init(vocabulary))
      }
      taken[id] = true
      ids[Spelling(spelling.utf8)] = Int32(id)
    }
    guard Files.status(path)?.kind == .file else {
      throw Fault(
        .missingInput, "'\(vocabulary)' needs 'merges.txt' beside it", at: .init(path))
    }
    let lines = try MergeLines(
      try Files.read(path, limit: Self.fileLimit), file: path, most: Self.symbolLimit)
    var merges: [UInt64: Merge] = [:]
    merges.reserveCapacity(lines.count)
    try lines.forEach { a, b, line in
      guard let result = ids[Spelling(a + b)] else {
        throw lines.fault("the vocabulary has no symbol '\(text(a + b))'", line: line)
      }
      try Self.add(a, b, result, lines, line, ids, &merges)
    }
    try self.init(ids, merges, file: vocabulary)
  }

  private static func add(
    _ a: Bytes, _ b: Bytes, _ result: Int32, _ lines: MergeLines, _ line: Int,
    _ ids: [Spelling: Int32], _ merges: inout [UInt64: Merge]
  ) throws {
    guard let first = ids[Spelling(a)], let second = ids[Spelling(b)] else {
      throw lines.fault(
        "there is no symbol '\(text(ids[Spelling(a)] == nil ? a : b))' to merge yet", line: line)
    }
    let merge = Merge(rank: Int32(merges.count), result: result)
    guard merges.updateValue(merge, forKey: key(first, second)) == nil else {
      throw lines.fault("the merge of '\(text(a))' and '\(text(b))' occurs twice", line: line)
    }
  }

  private init(_ ids: [Spelling: Int32], _ merges: [UInt64: Merge], file: String) throws {
    func require(_ spelling: String) throws -> Int32 {
      guard let id = ids[Spelling(spelling.utf8)] else {
        throw Fault(.badInput, "the vocabulary has no symbol '\(spelling)'", at: .init(file))
      }
      return id
    }
    inner = try Self.characters.map { try require(String($0)) }
    final = try Self.characters.map { try require(String($0) + Self.endOfWord) }
    start = Int(try require(Self.startSpelling))
    end = Int(try require(Self.endSpelling))
    count = ids.count
    self.merges = merges
  }
}

/// The lines `a b` of a file of merges, after its heading.
private struct MergeLines {
  private let bytes: [UInt8]
  private let file: String
  private let most: Int
  private let start: Int

  init(_ bytes: [UInt8], file: String, most: Int) throws {
    self.bytes = bytes
    self.file = file
    self.most = most
    let heading = bytes.prefix(256).split(separator: UInt8(ascii: "\n"), maxSplits: 1).first ?? []
    let text = String(decoding: heading, as: UTF8.self)
    guard text.contains("#version") else {
      throw Fault(
        .badInput, "not a list of byte-pair merges: the first line has no '#version'",
        at: .init(file, line: 1))
    }
    start = heading.count + 1
  }

  /// An upper bound of the number of lines, for reserving memory.
  var count: Int { min(most, bytes.count / 4) }

  func fault(_ message: String, line: Int) -> Fault {
    Fault(.badInput, message, at: .init(file, line: line))
  }

  func forEach(_ body: (_ a: Bytes, _ b: Bytes, _ line: Int) throws -> Void) throws {
    var position = start
    var line = 1
    while position < bytes.count, line <= most {
      let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      line += 1
      defer { position = end + 1 }
      var text = bytes[position..<end]
      if text.last == UInt8(ascii: "\r") { text.removeLast() }
      if text.isEmpty { continue }
      guard let gap = text.firstIndex(of: UInt8(ascii: " ")), gap > text.startIndex,
        gap + 1 < text.endIndex, !text[(gap + 1)...].contains(UInt8(ascii: " "))
      else { throw fault("a merge is two symbols with a space between", line: line) }
      try body(text[..<gap], text[(gap + 1)...], line)
    }
  }
}
