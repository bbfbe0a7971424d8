import Artifacts
import PipelineKit
import Platform

enum ShowCommand {
  static let command = Command(
    name: "show", summary: "Say who made a file or artifact, and from what.", operands: "PATH",
    options: [Command.workspace, Command.json], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    guard arguments.operands.count == 1, let path = arguments.operands.first else {
      throw Fault(.usage, "'ferry show' needs one path")
    }
    let origin = try Origin.of(path, workspace: arguments.value("workspace"))
    Console.print(arguments.has("json") ? origin.json.canonical + "\n" : origin.text)
    return 0
  }
}

enum RowsCommand {
  static let command = Command(
    name: "rows", summary: "Print the rows of an artifact.", operands: "DIR",
    options: [
      Option(name: "csv", value: nil, help: "Write CSV."),
      Option(name: "json", value: nil, help: "Write one JSON object a line."),
      Option(name: "limit", value: "N", help: "Print at most N rows."),
    ], run: { try run($0) })

  private static func run(_ arguments: Arguments) throws -> Int32 {
    guard arguments.operands.count == 1, let path = arguments.operands.first else {
      throw Fault(.usage, "'ferry rows' needs one artifact's folder")
    }
    var rows = try Rows.of(path)
    if let limit = try arguments.count("limit") { rows = Array(rows.prefix(limit)) }
    if arguments.has("json") {
      for row in rows { Console.print(row.canonical + "\n") }
    } else {
      if arguments.has("csv") {
        Console.data(Rows.csv(rows))
      } else {
        Console.print(Rows.table(rows))
      }
    }
    return 0
  }

  /// Rows of any artifact that has some, whatever the storage inside.
  private enum Rows {
    static func of(_ directory: String) throws -> [JSONValue] {
      let index = Files.join(directory, RowCollection.indexName)
      if Files.exists(index) { return try lines(index) }
      guard Files.isDirectory(directory) else {
        throw Fault(.missingInput, "there is no folder '\(directory)'")
      }
      if let table = try Files.list(directory).first(where: { $0.hasSuffix(".csv") }) {
        return try csvRows(Files.join(directory, table))
      }
      throw Fault(
        .badInput, "'\(directory)' has no rows: neither \(RowCollection.indexName) nor a CSV file",
        remedy: "give the folder of samples, faces, shards, predictions or features")
    }

    private static func lines(_ path: String) throws -> [JSONValue] {
      var rows: [JSONValue] = []
      for line in try Files.read(path).split(separator: UInt8(ascii: "\n")) {
        var row = try JSONValue.parse(line, file: "\(path):\(rows.count + 1)")
        row["payload"] = nil
        rows.append(row)
      }
      return rows
    }

    private static func csvRows(_ path: String) throws -> [JSONValue] {
      let rows = try CSV.rows(Files.read(path), file: path)
      guard let header = rows.first?.cells else { return [] }
      return rows.dropFirst().map { row in
        .object(
          Dictionary(zip(header, row.cells.map { .string($0) }), uniquingKeysWith: { $1 }))
      }
    }

    /// All members' names; the well-known ones first.
    private static func columns(_ rows: [JSONValue]) -> [String] {
      let first = ["id", "source", "split", "label", "prediction", "subject"]
      let names = rows.reduce(into: Set<String>()) {
        $0.formUnion($1.object?.keys.map { $0 } ?? [])
      }
      return first.filter { names.contains($0) } + names.subtracting(first).sorted()
    }

    private static func cell(_ value: JSONValue?) -> String {
      switch value {
      case nil, .null?: ""
      case .string(let text)?: text
      case let value?: value.canonical
      }
    }

    static func csv(_ rows: [JSONValue]) -> String {
      let columns = columns(rows)
      let lines = [columns] + rows.map { row in columns.map { cell(row[$0]) } }
      return lines.map { CSV.line($0) }.joined()
    }

    static func table(_ rows: [JSONValue]) -> String {
      let columns = columns(rows)
      let cells = [columns] + rows.map { row in columns.map { String(cell(row[$0]).prefix(40)) } }
      let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
      return cells.map { line in
        let padded = zip(line, widths).map { text, width in
          text + String(repeating: " ", count: width - text.count)
        }
        return padded.joined(separator: "  ").trimmingBlanks() + "\n"
      }.joined()
    }
  }
}

extension String {
  fileprivate func trimmingBlanks() -> String {
    var text = self[...]
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
