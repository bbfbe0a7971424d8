import Glibc
import Platform

/// `ferry-fuzz TARGET [--seconds N] [--seed N] [FILE...]`: feeds a reader with mutations of good files.
///
/// A mutation depends only on the seed and its number, so that a find repeats. What a reader throws is
/// an answer; a crash or a hang is a find: the input is then written to `fuzz-find-TARGET`.
@main enum Fuzz {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let seconds = try option("--seconds", &arguments) ?? 20
    let seed = try option("--seed", &arguments) ?? 1
    guard let name = arguments.first, let target = FuzzTarget.all.first(where: { $0.name == name })
    else {
      print("ferry-fuzz TARGET [--seconds N] [--seed N] [FILE...]")
      for target in FuzzTarget.all { print("  \(target.name): \(target.summary)") }
      exit(arguments.first == nil ? 0 : Fault.Code.usage.rawValue)
    }
    var corpus = try target.corpus()
    for path in arguments.dropFirst() { corpus.append(try Files.read(path, limit: 1 << 20)) }
    FuzzFind.watch(name)
    // Every cut and every flip of the smallest good file, then random mutations.
    let smallest = corpus.min { $0.count < $1.count } ?? []
    for count in smallest.indices.prefix(4096) {
      run(target, Array(smallest[..<count]))
      var flipped = smallest
      flipped[count] ^= 0xFF
      run(target, flipped)
    }
    let start = time(nil)
    var number = 0
    while time(nil) - start < seconds {
      var mutator = Mutator(seed: UInt64(seed), number: UInt64(number), corpus: corpus)
      run(target, mutator.next())
      number += 1
    }
    print("\(name): \(number) mutations of \(corpus.count) files in \(seconds) s, seed \(seed)")
  }

  private static func option(_ name: String, _ arguments: inout [String]) throws -> Int? {
    guard let index = arguments.firstIndex(of: name) else { return nil }
    guard index + 1 < arguments.count, let value = Int(arguments[index + 1]), value >= 0 else {
      throw Fault(.usage, "\(name) takes a number")
    }
    arguments.removeSubrange(index...index + 1)
    return value
  }

  private static func run(_ target: FuzzTarget, _ input: [UInt8]) {
    input.withUnsafeBytes { bytes in
      FuzzFind.current = bytes
      alarm(10)
      do { try target.read(input) } catch {}
    }
    FuzzFind.current = UnsafeRawBufferPointer(start: nil, count: 0)
  }
}

/// Keeps the input at hand while it is read, and saves it where the process is about to die.
enum FuzzFind {
  nonisolated(unsafe) static var current = UnsafeRawBufferPointer(start: nil, count: 0)
  nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?

  static func watch(_ target: String) {
    path = strdup("fuzz-find-\(target)")
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
      signal(number) { number in
        FuzzFind.save()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  private static func save() {
    guard let path else { return }
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    _ = write(file, current.baseAddress, current.count)
    close(file)
  }
}
