import Platform

/// The origin of an input: `sources.x`, `a.port`, `a[*].port`, `a[seed=1].port`.
package struct Reference: Equatable {
  /// Which instances of a stage are meant, axis by axis.
  package enum Selection: Equatable {
    /// All instances, as a list.
    case all
    /// For the named axes one value, or all values (nil); other axes carry over.
    case axes([String: String?])
  }

  package enum Origin: Equatable {
    case source(String)
    case stage(String, Selection, port: String)
  }

  package let origin: Origin

  /// - Throws: `Fault` at `place` where the text is no reference.
  package init(_ text: String, at place: Fault.Place) throws {
    guard let origin = Self.origin(text) else {
      throw Fault(
        .badInput, "'\(text)' is not an input", at: place,
        remedy: "write sources.NAME, STAGE.PORT or STAGE[*].PORT")
    }
    self.origin = origin
  }

  private static func origin(_ text: String) -> Origin? {
    guard let dot = text.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    let port = String(text[text.utf8.index(after: dot)...])
    var stage = String(text[..<dot])
    var selection = Selection.axes([:])
    if stage.utf8.last == UInt8(ascii: "]"), let open = stage.firstIndex(of: "[") {
      let inside = stage[stage.index(after: open)...].dropLast()
      guard let parsed = Self.selection(inside) else { return nil }
      selection = parsed
      stage = String(stage[..<open])
    }
    guard isName(stage), isName(port) else { return nil }
    return stage == "sources" ? .source(port) : .stage(stage, selection, port: port)
  }

  private static func selection(_ text: Substring) -> Selection? {
    if text == "*" { return .all }
    var axes: [String: String?] = [:]
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = pair.split(separator: "=", maxSplits: 1)
      guard halves.count == 2 else { return nil }
      let value = halves[1].trimmed
      axes.updateValue(value == "*" ? nil : value, forKey: halves[0].trimmed)
    }
    return .axes(axes)
  }

  /// Whether several artifacts may come of it.
  package var gathers: Bool {
    switch origin {
    case .source: false
    case .stage(_, .all, _): true
    case .stage(_, .axes(let axes), _): axes.values.contains { $0 == nil }
    }
  }
}

/// Whether `text` may name a stage, port, source, variable or axis: a letter, then letters, digits,
/// `_` and `-`.
func isName(_ text: String) -> Bool {
  guard let first = text.utf8.first, isLetter(first) else { return false }
  return text.utf8.allSatisfy {
    isLetter($0) || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "-")
  }
}

private func isLetter(_ byte: UInt8) -> Bool {
  let lower = byte | 0x20
  return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
}
