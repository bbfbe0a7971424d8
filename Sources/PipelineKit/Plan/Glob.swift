import Artifacts
import Platform

/// A pattern of paths: `*` and `?` within a name, `[abc]` one of some characters, `**` folders at any
/// depth, `{jpg,png}` one of several. Names that begin with a dot match only a dot.
public struct Glob: Sendable, Equatable {
  /// The folder above the first name with a sign in it; what is found is named from here.
  public let base: String
  /// The names below it, for each choice of `{}`.
  private let alternatives: [[String]]

  private static let signs = "*?[{"
  /// Choices that braces may multiply to.
  private static let mostAlternatives = 256

  /// Nil where `path` has no sign of a pattern, or braces that multiply beyond bounds.
  init?(_ path: String) {
    guard path.contains(where: { Self.signs.contains($0) }) else { return nil }
    let names = path.split(separator: "/").map(String.init)
    let plain = names.prefix { name in !name.contains { Self.signs.contains($0) } }
    base = (path.hasPrefix("/") ? "/" : "") + plain.joined(separator: "/")
    guard let choices = Self.choices(names.dropFirst(plain.count).joined(separator: "/")) else {
      return nil
    }
    alternatives = choices.map { $0.split(separator: "/").map(String.init) }
  }

  /// The texts that `{a,b}` stand for; nil where they are too many.
  private static func choices(_ text: String) -> [String]? {
    var done: [String] = []
    var open = [text]
    while let next = open.popLast() {
      guard let start = next.firstIndex(of: "{"),
        let end = next[start...].firstIndex(of: "}")
      else {
        done.append(next)
        continue
      }
      let words = next[next.index(after: start)..<end]
      for word in words.split(separator: ",", omittingEmptySubsequences: false).reversed() {
        open.append(String(next[..<start] + word + next[next.index(after: end)...]))
      }
      guard open.count + done.count <= mostAlternatives else { return nil }
    }
    return done
  }

  /// The files that match, from the base, in the order of their bytes, each once.
  public func files() throws -> [String] {
    var found: Set<String> = []
    let start = base.isEmpty ? "." : base
    for names in alternatives { try find(names[...], in: start, prefix: "", &found) }
    return found.sorted { $0.utf8Precedes($1) }
  }

  private func find(
    _ names: ArraySlice<String>, in folder: String, prefix: String, _ found: inout Set<String>
  ) throws {
    guard let name = names.first, Files.isDirectory(folder) else { return }
    let rest = names.dropFirst()
    if name == "**" {
      // A last one stands for every file below.
      try find(rest.isEmpty ? ["*"] : rest, in: folder, prefix: prefix, &found)
    }
    for entry in try Files.list(folder) {
      let path = Files.join(folder, entry)
      if name == "**" {
        // Links to folders are not gone into, which could lead round in circles.
        if !entry.hasPrefix("."), Files.status(path, followLinks: false)?.kind == .directory {
          try find(names, in: path, prefix: prefix + entry + "/", &found)
        }
      } else if Self.matches(Array(entry.unicodeScalars)[...], Array(name.unicodeScalars)[...]) {
        if rest.isEmpty {
          if Files.status(path)?.kind == .file { found.insert(prefix + entry) }
        } else {
          try find(rest, in: path, prefix: prefix + entry + "/", &found)
        }
      }
    }
  }

  /// Whether a name matches one name of a pattern.
  /// - Complexity: O(length of both, multiplied).
  static func matches(
    _ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>
  ) -> Bool {
    if text.first == ".", pattern.first != "." { return false }
    var (text, pattern) = (text, pattern)
    var retry: (text: ArraySlice<Unicode.Scalar>, pattern: ArraySlice<Unicode.Scalar>)?
    while true {
      if pattern.first == "*" {
        pattern = pattern.dropFirst()
        retry = (text, pattern)
      } else if let first = text.first, let rest = one(first, pattern) {
        text = text.dropFirst()
        pattern = rest
      } else if text.isEmpty, pattern.isEmpty {
        return true
      } else if let last = retry, !last.text.isEmpty {
        retry = (last.text.dropFirst(), last.pattern)
        text = last.text.dropFirst()
        pattern = last.pattern
      } else {
        return false
      }
    }
  }

  /// The pattern after what matches one character; nil where it does not.
  private static func one(
    _ scalar: Unicode.Scalar, _ pattern: ArraySlice<Unicode.Scalar>
  ) -> ArraySlice<Unicode.Scalar>? {
    guard let sign = pattern.first else { return nil }
    let rest = pattern.dropFirst()
    if sign == "?" { return rest }
    guard sign == "[", let end = rest.dropFirst().firstIndex(of: "]") else {
      return sign == scalar ? rest : nil
    }
    var set = rest[rest.startIndex..<end]
    let isNegated = set.first == "!"
    if isNegated { set = set.dropFirst() }
    var holds = false
    while let low = set.popFirst() {
      if set.first == "-", let high = set.dropFirst().first {
        set = set.dropFirst(2)
        holds = holds || (low <= scalar && scalar <= high)
      } else {
        holds = holds || low == scalar
      }
    }
    return holds != isNegated ? pattern[pattern.index(after: end)...] : nil
  }
}

extension Workspace {
  /// A folder of links to the files that a pattern finds, under their names from its base.
  ///
  /// It is named by what it holds and never changes, so a stage that reads it sees no later file.
  func view(of pattern: Glob) throws -> String {
    let base = lexical(absolute(pattern.base))
    let names = try pattern.files()
    let name = Digest(hashing: ([base] + names).map { "\($0.utf8.count):\($0)" }.joined()).hex
    let view = "\(absolute(path))/views/\(name)"
    if Files.isDirectory(view) { return view }
    let draft = "\(view).\(Files.temporaryNumber())"
    do {
      try Files.makeDirectories(draft)
      for name in names {
        let link = Files.join(draft, name)
        try Files.makeDirectories(Files.parent(of: link))
        try Files.symbolicLink(to: Files.join(base, name), at: link)
      }
      try Files.rename(draft, to: view)
    } catch {
      try? Files.removeTree(draft)
      // Another run may have made it meanwhile.
      if !Files.isDirectory(view) { throw error }
    }
    return view
  }
}
