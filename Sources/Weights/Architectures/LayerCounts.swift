/// Counts in tensor names.
package enum Layers {
  /// The most layers that a file may have.
  package static let limit = 512

  /// One more than the largest number after `prefix`, at most `limit`.
  package static func count(_ names: some Sequence<String>, _ prefix: String) -> Int {
    var count = 0
    for name in names where name.hasPrefix(prefix) {
      let digits = name.dropFirst(prefix.count).prefix { ("0"..."9").contains($0) }
      if let number = Int(digits), number < limit { count = max(count, number + 1) }
    }
    return count
  }

  /// The whole square root.
  package static func root(_ number: Int) -> Int { Int(Double(max(0, number)).squareRoot()) }
}
