import Platform
import Portraits

/// One sequence of CK+: whose, which, and what it shows.
struct CKPlusSequence: Sendable {
  var subject: Int
  /// 1 for the subject's first.
  var number: Int
  /// The label, or nil where the sequence has none.
  var expression: Prototype?
  /// What is drawn; unlabelled sequences show something too.
  var shown: Prototype
  /// The first frame's number, which is not always 1.
  var firstFrame: Int
  /// Whether an unlabelled sequence has an empty folder rather than none.
  var hasEmptyFolder: Bool
  var height: Int
  var width: Int
  var isColour: Bool

  var folder: String { "S\(padded(subject, 3))/\(padded(number, 3))" }

  func stem(_ frame: Int) -> String {
    "S\(padded(subject, 3))_\(padded(number, 3))_\(padded(firstFrame + frame, 8))"
  }
}

/// Deals sequences to subjects.
struct CKPlusPlan {
  let sequences: [CKPlusSequence]
  let subjects: Int

  init(
    seed: UInt64, subjects: Int, sequences count: Int, labelled share: Double, balance: String,
    width: Int
  ) {
    var generator = SeededGenerator(seed: seed, 3)
    let labelled = Int((Double(count) * share).rounded())
    let known = labels(labelled, Counts.ckplus, balance: balance, &generator)
    let unknown = (labelled..<count).map { _ in Prototype.allCases[generator.below(8)] }
    let shown = known.map { ($0, true) } + unknown.map { ($0, false) }
    let order = generator.permutation(shown.count)
    let names = Self.subjectNumbers(subjects, &generator)
    var used = [Int](repeating: 0, count: subjects)
    var sequences: [CKPlusSequence] = []
    for (place, index) in order.enumerated() {
      // Subjects in turn, so that all have nearly equally many sequences.
      let subject = place % subjects
      used[subject] += 1
      let (expression, hasLabel) = shown[index]
      let isTall = (names[subject] * 7) % 5 != 0
      sequences.append(
        CKPlusSequence(
          subject: names[subject], number: used[subject],
          expression: hasLabel ? expression : nil, shown: expression,
          firstFrame: generator.chance(0.12) ? 2 + generator.below(6) : 1,
          hasEmptyFolder: generator.chance(0.6), height: width * (isTall ? 490 : 480) / 640,
          width: width, isColour: names[subject] % 17 == 0))
    }
    self.sequences = sequences.sorted {
      ($0.subject, $0.number) < ($1.subject, $1.number)
    }
    self.subjects = Set(sequences.map(\.subject)).count
  }

  /// Rising numbers with gaps, as the dataset's own.
  private static func subjectNumbers(
    _ count: Int, _ generator: inout SeededGenerator
  ) -> [Int] {
    let chosen = generator.permutation(994).prefix(count).map { $0 + 5 }
    return chosen.sorted()
  }
}

/// `number` with at least `width` digits.
func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// A number as C's `%.7e` writes it.
///
/// Exact for |value| < 1e9 with up to eight significant decimal digits.
func scientific(_ value: Double) -> String {
  guard value != 0 else { return "0.0000000e+00" }
  var exponent = 0
  var magnitude = abs(value)
  while magnitude >= 10 {
    magnitude /= 10
    exponent += 1
  }
  while magnitude < 1 {
    magnitude *= 10
    exponent -= 1
  }
  var digits = Int((magnitude * 1e7).rounded())
  if digits >= 100_000_000 {
    digits /= 10
    exponent += 1
  }
  let sign = value < 0 ? "-" : ""
  let fraction = padded(digits % 10_000_000, 7)
  let power = (exponent < 0 ? "-" : "+") + padded(abs(exponent), 2)
  return "\(sign)\(digits / 10_000_000).\(fraction)e\(power)"
}
