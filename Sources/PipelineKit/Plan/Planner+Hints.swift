import Platform
import YAML

extension Planner {
  /// Hints are said up to this number.
  private static let mostHints = 8

  /// Hints at files of the project that a command names and that are none of its inputs: a change
  /// of one would go unnoticed.
  mutating func hintAtScripts(of stage: Manifest.Stage, _ wires: [Wire]) {
    guard case .command(let words) = stage.body, stage.directory == nil,
      hints.count < Self.mostHints
    else { return }
    for (index, word) in words.enumerated() {
      guard let path = projectFile(word, isProgram: index == 0) else { continue }
      let isInput = wires.contains { wire in
        wire.links.contains { link in
          guard case .source(let source) = link.target else { return false }
          let covered = lexical(absolute(sources[source].path))
          return path == covered || path.hasPrefix(covered + "/")
        }
      }
      guard !isInput, !(index == 0 && stage.pinsBinary) else { continue }
      let remedy =
        index == 0
        ? "add 'pin: binary' to the stage"
        : "declare it, 'sources: { script: \(word.text) }' and 'in: { script: sources.script }', "
          + "and write \"${in.script}\""
      hints.append(
        "\(word.place): a change of '\(word.text)' is not noticed, since it is no input of "
          + "'\(stage.name)'; \(remedy)")
    }
  }

  /// The path of the file below the manifest's folder that a word names.
  private mutating func projectFile(_ word: YAMLNode, isProgram: Bool) -> String? {
    guard case .text(let text) = word.value, !text.hasPrefix("-"),
      text.utf8.contains(UInt8(ascii: "/"))
        || (!isProgram && text.utf8.contains(UInt8(ascii: "."))),
      text.utf8.count < 256, !text.utf8.contains(where: { " \n$".utf8.contains($0) })
    else { return nil }
    let root = lexical(absolute(manifest.root))
    let path = lexical(Files.join(root, text))
    let isFile =
      projectFiles[text]
      ?? (path.hasPrefix(root + "/") && Files.status(path)?.kind == .file)
    projectFiles[text] = isFile
    return isFile ? path : nil
  }
}
