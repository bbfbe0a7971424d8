import Artifacts
import Platform

/// A file's tensors matched to an architecture's names.
struct NameMatch {
  /// By canonical name, the parts in order.
  private(set) var sources: [String: [Source]] = [:]
  private(set) var unexpected: [String] = []
  /// Tensors that are left out, with the reason.
  private(set) var unused: [(name: String, reason: String)] = []
  /// By canonical name, why a tensor that is in the file cannot be read.
  private(set) var unreadable: [String: String] = [:]
  let prefix: String

  /// A tensor of the file and what is done with it.
  struct Source: Sendable {
    var tensor: WeightTensor
    var rearrangement: Rearrangement
    var part: Int
    var parts: Int
  }

  /// - Parameter prefix: the wrapper to strip (`state_dict.module.`), or nil to find it.
  /// - Throws: `Fault` where no wrapper, or several, hold the architecture.
  init(_ file: WeightFile, _ architecture: Architecture, prefix: String?) throws {
    let table = architecture.table
    self.prefix = try prefix ?? Self.wrapper(file, table, architecture)
    let inside = file.tensors.filter { $0.name.hasPrefix(self.prefix) }
    let names = inside.map { String($0.name.dropFirst(self.prefix.count)) }
    let closed = file.unread.filter { $0.name.hasPrefix(self.prefix) }
    let closedNames = closed.map { String($0.name.dropFirst(self.prefix.count)) }
    let renamed = table.renamed(names + closedNames)
    for (tensor, given) in zip(closed, closedNames) {
      switch table.place(renamed[given] ?? given, rank: 0) {
      case .whole(let target, _), .part(let target, _, _):
        unreadable[target] = tensor.fault.message
      case .unused, nil: unused.append((tensor.name, "cannot be read, and nobody asks for it"))
      }
    }
    for (tensor, given) in zip(inside, names) {
      let name = renamed[given] ?? given
      switch table.place(name, rank: tensor.shape.count) {
      case .whole(let target, let rearrangement):
        sources[target, default: []].append(
          Source(tensor: tensor, rearrangement: rearrangement, part: 0, parts: 1))
      case .part(let target, let index, let count):
        sources[target, default: []].append(
          Source(tensor: tensor, rearrangement: .none, part: index, parts: count))
      case .unused(let reason): unused.append((tensor.name, reason))
      case nil: unexpected.append(tensor.name)
      }
    }
    let outside = file.tensors.count - inside.count
    if outside > 0 {
      unused.append(("\(outside) tensors outside '\(self.prefix)'", "another part of the file"))
    }
  }

  /// The most places where an architecture may begin in one file.
  private static let prefixLimit = 256
  /// The largest extent that a network's tensor may have.
  private static let extentLimit = 1 << 24

  /// The prefix before the architecture's marks: the one with the most tensors the table knows.
  private static func wrapper(
    _ file: WeightFile, _ table: any NameTable, _ architecture: Architecture
  ) throws -> String {
    var prefixes: Set<String> = []
    for name in file.tensors.map(\.name) + file.unread.map(\.name) {
      for mark in table.marks where name.hasSuffix(mark) {
        let prefix = String(name.dropLast(mark.count))
        guard prefix.isEmpty || prefix.hasSuffix("."), prefixes.count < prefixLimit else {
          continue
        }
        prefixes.insert(prefix)
      }
    }
    let counted = prefixes.map { prefix in
      (
        prefix,
        file.tensors.count {
          $0.name.hasPrefix(prefix)
            && table.place(String($0.name.dropFirst(prefix.count)), rank: $0.shape.count) != nil
        }
      )
    }.sorted { ($1.1, $0.0.utf8.count, $0.0) < ($0.1, $1.0.utf8.count, $1.0) }
    guard let best = counted.first else {
      if let stranger = ForeignNetworks.fault(file, architecture) { throw stranger }
      throw Fault(
        .badInput,
        "the file has no \(architecture.name) weights: none of "
          + table.marks.map { "'\($0)'" }.joined(separator: ", "), at: .init(file.path),
        remedy: "ferry-import inspect FILE lists what it has")
    }
    let rivals = counted.filter { $0.1 == best.1 && !$0.0.hasPrefix(best.0) }.map { "'\($0.0)'" }
    guard rivals.isEmpty else {
      throw Fault(
        .badInput,
        "the file has \(architecture.name) weights under each of "
          + (["'\(best.0)'"] + rivals).joined(separator: ", "), at: .init(file.path),
        remedy: "say which with --set prefix=...")
    }
    return best.0
  }

  /// The shape of each canonical tensor as the file has it, and what is wrong with its parts.
  func shapes() -> (shapes: [String: [Int]], problems: [String]) {
    var shapes: [String: [Int]] = [:]
    var problems: [String] = []
    for (name, sources) in self.sources {
      let shape = sources[0].rearrangement.shape(sources[0].tensor.shape)
      guard shape.allSatisfy({ $0 <= Self.extentLimit }) else {
        problems.append("'\(name)' has the shape \(shape), which no network has")
        continue
      }
      shapes[name] = shape
      if sources[0].parts == 1, sources.count == 1 { continue }
      let parts = sources.map(\.part).sorted()
      guard parts == Array(0..<sources[0].parts),
        sources.allSatisfy({ $0.tensor.shape == shape && $0.rearrangement == .none }),
        let first = shape.first
      else {
        let names = sources.map(\.tensor.name).sorted().joined(separator: ", ")
        problems.append("'\(name)' is not made of \(names)")
        continue
      }
      shapes[name] = [first * sources.count] + shape.dropFirst()
    }
    return (shapes, problems.sorted())
  }
}
