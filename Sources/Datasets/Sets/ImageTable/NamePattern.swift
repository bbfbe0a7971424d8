import Platform

/// A pattern that takes facts from a path: `{label}/{subject}_*.jpg`.
///
/// `{name}` captures the shortest text without a slash that lets the rest match, `*` skips such
/// text, everything else stands for itself. The pattern is matched against the end of the path,
/// from a component's start.
public struct NamePattern: Sendable, Equatable {
  private enum Piece: Sendable, Equatable {
    case literal([UInt8])
    case capture(String)
    case skip
  }

  private let pieces: [Piece]
  private let text: String
  private let slashes: Int

  /// - Throws: `Fault` for a brace that does not close, an empty name or one used twice.
  public init(_ text: String) throws {
    func wrong(_ reason: String, _ column: Int) -> Fault {
      Fault(
        .usage, "the pattern '\(text)' \(reason)", at: .init("pattern", column: column + 1),
        remedy: "write it as '{label}/{subject}.jpg'")
    }
    var pieces: [Piece] = []
    var literal: [UInt8] = []
    func flush() {
      if !literal.isEmpty { pieces.append(.literal(literal)) }
      literal = []
    }
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "{"):
        guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
          throw wrong("has a brace that does not close", index)
        }
        let name = String(decoding: bytes[index + 1..<end], as: UTF8.self)
        if name.isEmpty { throw wrong("has braces without a name", index) }
        if pieces.contains(.capture(name)) { throw wrong("captures '\(name)' twice", index) }
        flush()
        pieces.append(.capture(name))
        index = end
      case UInt8(ascii: "*"):
        flush()
        pieces.append(.skip)
      default: literal.append(bytes[index])
      }
      index += 1
    }
    flush()
    if pieces.isEmpty { throw wrong("is empty", 0) }
    self.pieces = pieces
    self.text = text
    slashes = bytes.count { $0 == UInt8(ascii: "/") }
  }

  /// The names captured, in order.
  public var names: [String] {
    pieces.compactMap { if case .capture(let name) = $0 { name } else { nil } }
  }

  /// The parts of a path that the pattern captures, or nil if it does not match.
  ///
  /// - Complexity: a pattern of a few captures is matched in time proportional to the path; each
  ///   further skip or capture between the same slashes multiplies it.
  public func match(_ path: String) -> [String: String]? {
    let components = path.split(separator: "/")
    guard components.count > slashes else { return nil }
    let end = Array(components.suffix(slashes + 1).joined(separator: "/").utf8)
    var captured: [String: String] = [:]
    return match(end[...], pieces[...], &captured) ? captured : nil
  }

  private func match(
    _ rest: ArraySlice<UInt8>, _ pieces: ArraySlice<Piece>, _ captured: inout [String: String]
  ) -> Bool {
    guard let piece = pieces.first else { return rest.isEmpty }
    if case .literal(let bytes) = piece {
      return rest.starts(with: bytes)
        && match(rest.dropFirst(bytes.count), pieces.dropFirst(), &captured)
    }
    let shortest = piece == .skip ? 0 : 1
    var length = shortest
    while length <= rest.count {
      let taken = rest.prefix(length)
      if taken.last == UInt8(ascii: "/") { return false }
      if match(rest.dropFirst(length), pieces.dropFirst(), &captured) {
        if case .capture(let name) = piece {
          captured[name] = String(decoding: taken, as: UTF8.self)
        }
        return true
      }
      length += 1
    }
    return false
  }
}
