import Platform

/// Everything that is wrong with a manifest, found in one pass.
public struct Faults: Error, Sendable, CustomStringConvertible {
  public let list: [Fault]

  /// One fault a line, in order of place.
  public var description: String {
    list.sorted { Self.order($0) < Self.order($1) }.map(\.description).joined(separator: "\n")
  }

  private static func order(_ fault: Fault) -> (String, Int, Int) {
    (fault.place?.file ?? "", fault.place?.line ?? 0, fault.place?.column ?? 0)
  }
}

/// Takes note of faults, so that checking can go on after the first.
final class FaultCollector {
  private(set) var list: [Fault] = []
  /// What was noted, so that a fault shared by many instances of a stage stands once.
  private var seen: Set<String> = []

  var isEmpty: Bool { list.isEmpty }

  func append(_ fault: Fault) {
    if seen.insert(fault.description).inserted { list.append(fault) }
  }

  /// Notes a refusal of input at `place`.
  func refuse(_ message: String, at place: Fault.Place?, remedy: String? = nil) {
    append(Fault(.badInput, message, at: place, remedy: remedy))
  }

  /// Notes an unknown word, with the nearest known one or all that are known.
  func unknown(_ what: String, _ word: String, among known: [String], at place: Fault.Place?) {
    refuse("unknown \(what) '\(word)'", at: place, remedy: suggestion(for: word, among: known))
  }

  /// Runs `body` and notes the fault it throws.
  func collect<T>(_ body: () throws -> T) -> T? {
    do { return try body() } catch let fault as Fault {
      append(fault)
    } catch let faults as Faults {
      for fault in faults.list { append(fault) }
    } catch is AlreadyReported {
      return nil
    } catch {
      append(Fault(.internal, "\(error)"))
    }
    return nil
  }

  /// Throws what was noted, if anything.
  func finish() throws {
    if !isEmpty { throw Faults(list: list) }
  }
}

/// Thrown where a value is unusable for a reason that another fault already names.
struct AlreadyReported: Error {}

/// `did you mean 'x'?`, or the list of what there is.
func suggestion(for word: String, among known: [String]) -> String? {
  if let near = nearestWord(to: word, among: known) { return "did you mean '\(near)'?" }
  guard !known.isEmpty else { return nil }
  let shown = known.sorted().prefix(20).joined(separator: ", ")
  return "there is: \(shown)\(known.count > 20 ? ", ..." : "")"
}
