import Artifacts
import Networks
import Platform
import StageKit
import Weights

/// `ferry-import inspect FILE`: what a file of weights holds, without reading its numbers.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "List a file's tensors without loading them.")

  @Argument(help: .init("A file or folder of weights.", valueName: "file"))
  var path: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let file = try WeightFile.open(path)
    let elements = file.tensors.reduce(0) { $0 &+ $1.count }
    let fits = Architecture.all.filter { (try? ImportedWeights(file, as: $0)) != nil }
    if json {
      let tensors = file.tensors.map { tensor -> JSONValue in
        [
          "name": .string(tensor.name), "type": .string(tensor.type.rawValue),
          "shape": JSONValue(tensor.shape),
        ]
      }
      let value: JSONValue = [
        "format": .string(file.format.rawValue), "tensors": .array(tensors),
        "unread": JSONValue(file.unread.map(\.name)), "opaque": JSONValue(file.opaque),
        "elements": .integer(elements), "architectures": JSONValue(fits.map(\.name)),
        "metadata": .object(file.metadata.mapValues { .string($0) }),
      ]
      return print(value.pretty, terminator: "")
    }
    let rows = file.tensors.map {
      (
        shown($0.name), $0.type.rawValue,
        "[" + $0.shape.map(String.init).joined(separator: ",") + "]"
      )
    }
    let width = min(72, rows.map(\.0.count).max() ?? 0)
    var text = ""
    for (name, type, shape) in rows {
      text +=
        name + spaces(width - name.count) + "  " + type + spaces(4 - type.count) + "  \(shape)\n"
    }
    print(text, terminator: "")
    for tensor in file.unread { print("not read: \(shown(tensor.fault.message))") }
    if !file.opaque.isEmpty { print("not executed: \(shown(file.opaque.joined(separator: ", ")))") }
    print("\(file.format.rawValue): \(file.tensors.count) tensors, \(elements) elements")
    print(
      fits.isEmpty
        ? "fits no architecture as it stands; ferry-import run says what is missing"
        : "fits: \(fits.map(\.name).joined(separator: ", "))")
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

  /// A name that cannot move the terminal's cursor.
  private func shown(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.map {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? "\u{FFFD}" : $0
        }))
  }
}
