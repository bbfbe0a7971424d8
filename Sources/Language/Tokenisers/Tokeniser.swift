import Platform

/// A text as a text encoder takes it.
public struct TokenSequence: Sendable, Equatable {
  /// With the start and end tokens; at most as many as the encoder has positions.
  public var ids: [Int]
  /// Tokens of the text that did not fit.
  public var dropped: Int

  public init(ids: [Int], dropped: Int) {
    self.ids = ids
    self.dropped = dropped
  }
}

/// Splits texts into the tokens of a vocabulary.
public protocol Tokeniser: Sendable {
  /// The number of ids, which is the number of rows of the encoder's token table.
  var vocabularySize: Int { get }

  /// The tokens of a text, without start and end.
  /// - Throws: `Fault` where the text is longer than `textLimit` bytes.
  func encode(_ text: String) throws -> [Int]

  /// The tokens of a text between start and end, cut to `limit` tokens in all; the end stays.
  func sequence(_ text: String, limit: Int) throws -> TokenSequence
}

extension Tokeniser {
  /// UTF-8 bytes of the longest text that is split: far more than any encoder has positions for.
  public static var textLimit: Int { 16384 }

  func checkLength(_ text: String) throws {
    guard text.utf8.count <= Self.textLimit else {
      throw Fault(
        .badInput, "a text of \(text.utf8.count) bytes starts with '\(text.prefix(40))'",
        remedy: "prompts have at most \(Self.textLimit) bytes")
    }
  }

  func framed(_ ids: [Int], start: Int, end: Int, limit: Int) -> TokenSequence {
    precondition(limit >= 2, "the start and the end token take two positions")
    let kept = min(ids.count, limit - 2)
    return TokenSequence(ids: [start] + ids[..<kept] + [end], dropped: ids.count - kept)
  }
}
