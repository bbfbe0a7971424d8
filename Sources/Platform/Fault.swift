/// An error in the one shape every room uses: what went wrong, where in the data, and what to do.
public struct Fault: Error, Sendable, CustomStringConvertible {
  /// The kind of failure; its raw value is the process's exit status (sysexits).
  public enum Code: Int32, Sendable {
    case usage = 64
    case badInput = 65
    case missingInput = 66
    case unavailable = 69
    case `internal` = 70
    case inputOutput = 74
    case temporary = 75
    case interrupted = 130
  }

  /// A place in the user's data.
  public struct Place: Sendable, Equatable, CustomStringConvertible {
    /// The file, or the path inside an archive (`basic/EmoLabel/list.txt`).
    public var file: String
    /// Line, from 1.
    public var line: Int?
    /// Column, from 1.
    public var column: Int?
    /// Byte offset, from 0.
    public var offset: Int?

    public init(_ file: String, line: Int? = nil, column: Int? = nil, offset: Int? = nil) {
      self.file = file
      self.line = line
      self.column = column
      self.offset = offset
    }

    public var description: String {
      var text = file
      if let line { text += ":\(line)" }
      if let column { text += ":\(column)" }
      if let offset { text += " (byte \(offset))" }
      return text
    }
  }

  /// A name that stays the same when a message is reworded: code that decides by a fault reads this.
  ///
  /// A room names the reasons that its callers tell apart in an extension:
  /// `extension Fault.Reason { static let memberIsEncrypted = Self("member-is-encrypted") }`.
  public struct Reason: RawRepresentable, Hashable, Sendable {
    /// Lower-case words joined by hyphens.
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public init(_ name: String) { rawValue = name }
  }

  public var code: Code
  /// Which failure this is, where callers tell it apart from others with the same code.
  public var reason: Reason?
  /// The failure in words, naming the offending text.
  public var message: String
  /// The place in the data.
  public var place: Place?
  /// A remedy for the user.
  public var remedy: String?
  /// The underlying error.
  public var cause: String?

  public init(
    _ code: Code, _ message: String, at place: Place? = nil, remedy: String? = nil,
    cause: String? = nil, reason: Reason? = nil
  ) {
    self.code = code
    self.reason = reason
    self.message = message
    self.place = place
    self.remedy = remedy
    self.cause = cause
  }

  /// One line: `place: message (cause); remedy`.
  public var description: String {
    var text = ""
    if let place { text += "\(place): " }
    text += message
    if let cause { text += " (\(cause))" }
    if let remedy { text += "; \(remedy)" }
    return text
  }

  /// The same fault with a place, where it had none.
  public func located(at place: Place) -> Fault {
    var copy = self
    if copy.place == nil { copy.place = place }
    return copy
  }
}

/// Returns the candidate nearest to `word` by edit distance, or nil when none is near.
///
/// Near means at most two edits, or a third of the word's length where that is more.
/// - Complexity: O(sum of candidate lengths times the word's length).
public func nearestWord(to word: String, among candidates: some Sequence<String>) -> String? {
  let limit = max(2, word.utf8.count / 3)
  var best: (distance: Int, word: String)?
  for candidate in candidates {
    let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
    if distance <= limit, distance < (best?.distance ?? Int.max) { best = (distance, candidate) }
  }
  return best?.word
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
