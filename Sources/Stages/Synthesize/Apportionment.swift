import Platform
import Portraits

/// How often each expression occurs in the real datasets.
enum Counts {
  /// RAF-DB basic, training and test together, in the order of its labels 1...7.
  static let rafdb: [(expression: Prototype, count: Int)] = [
    (.surprise, 1619), (.fear, 355), (.disgust, 877), (.happiness, 5957), (.sadness, 2460),
    (.anger, 867), (.neutral, 3204),
  ]
  /// The labelled sequences of CK+, in the order of its labels 1...7.
  static let ckplus: [(expression: Prototype, count: Int)] = [
    (.anger, 45), (.contempt, 18), (.disgust, 59), (.fear, 25), (.happiness, 69), (.sadness, 28),
    (.surprise, 83),
  ]
}

/// Deals `total` seats in proportion to `weights` by largest remainders (Hamilton), ties by order;
/// every weight gets one seat where there are enough.
func apportion(_ total: Int, _ weights: [Int]) -> [Int] {
  let sum = weights.reduce(0, +)
  let floor = total >= weights.count ? 1 : 0
  let rest = total - floor * weights.count
  var seats = weights.map { floor + rest * $0 / sum }
  let remainders = weights.enumerated().sorted {
    let (a, b) = (rest * $0.element % sum, rest * $1.element % sum)
    return a != b ? a > b : $0.offset < $1.offset
  }
  for (index, _) in remainders.prefix(max(0, total - seats.reduce(0, +))) { seats[index] += 1 }
  return seats
}

/// One label for each of `total` rows, apportioned and shuffled.
func labels(
  _ total: Int, _ counts: [(expression: Prototype, count: Int)], balance: String,
  _ generator: inout SeededGenerator
) -> [Prototype] {
  let weights = counts.map { balance == "uniform" ? 1 : $0.count }
  let seats = apportion(total, weights)
  let ordered = zip(counts, seats).flatMap { Array(repeating: $0.expression, count: $1) }
  return generator.permutation(ordered.count).map { ordered[$0] }
}
