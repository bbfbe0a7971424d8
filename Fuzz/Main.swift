import Glibc
import Platform

/// `ferry-fuzz TARGET [--seconds N] [--seed N] [FILE...]`: feeds a reader with mutations of good files.
///
/// A mutation depends only on the seed and its number, so that a find repeats. What a reader throws is
/// an answer; a crash or a hang is a find: the input is then written to `fuzz-find-TARGET`.
enum Fuzz {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "seeds": return try seeds(Array(arguments.dropFirst()))
    case "cuts": return try cuts(Array(arguments.dropFirst()))
    case "files": return try files(Array(arguments.dropFirst()))
    default: break
    }
    let seconds = try option("--seconds", &arguments) ?? 20
    let seed = try option("--seed", &arguments) ?? 1
    guard let name = arguments.first, FuzzTarget.all.contains(where: { $0.name == name }) else {
      print(
        """
        ferry-fuzz TARGET [--seconds N] [--seed N] [FILE...]   damaged files at random
        ferry-fuzz cuts [TARGET...]                            every cut and flip of good files
        ferry-fuzz files PATH...                               files as they are, and cut
        ferry-fuzz seeds TARGET DIR                            writes a target's good files
        """)
      for target in FuzzTarget.all { print("  \(target.name): \(target.summary)") }
      exit(arguments.first == nil ? 0 : Fault.Code.usage.rawValue)
    }
    let target = try target(name)
    var corpus = try target.corpus()
    for path in arguments.dropFirst() { corpus.append(try Files.read(path, limit: 1 << 20)) }
    FuzzFind.watch(name)
    let start = time(nil)
    var number = 0
    while time(nil) - start < seconds {
      var mutator = Mutator(seed: UInt64(seed), number: UInt64(number), corpus: corpus)
      run(target, mutator.next())
      number += 1
    }
    print("\(name): \(number) mutations of \(corpus.count) files in \(seconds) s, seed \(seed)")
  }

  private static func target(_ name: String) throws -> FuzzTarget {
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
      throw Fault(.usage, "there is no target '\(name)'")
    }
    return target
  }

  private static func option(_ name: String, _ arguments: inout [String]) throws -> Int? {
    guard let index = arguments.firstIndex(of: name) else { return nil }
    guard index + 1 < arguments.count, let value = Int(arguments[index + 1]), value >= 0 else {
      throw Fault(.usage, "\(name) takes a number")
    }
    arguments.removeSubrange(index...index + 1)
    return value
  }

  /// Writes a target's good files into a folder, for a fuzzer that starts from files.
  private static func seeds(_ arguments: [String]) throws {
    guard arguments.count == 2 else { throw Fault(.usage, "seeds takes a target and a folder") }
    try Files.makeDirectories(arguments[1])
    for (number, bytes) in try target(arguments[0]).corpus().enumerated() {
      try Files.write(bytes, to: Files.join(arguments[1], "seed-\(number)"))
    }
  }

  /// Reads every cut and every flipped byte of each target's good files: of all archives, and of the
  /// others' smallest.
  private static func cuts(_ names: [String]) throws {
    for target in try names.isEmpty ? FuzzTarget.all : names.map(target) {
      FuzzFind.watch(target.name)
      let corpus = try target.corpus()
      let smallest = corpus.min { $0.count < $1.count } ?? []
      var read = 0
      for bytes in target.cutsAll ? corpus : [smallest] {
        for position in bytes.indices.prefix(8192) {
          var flipped = bytes
          flipped[position] ^= 0xFF
          run(target, Array(bytes[..<position]))
          run(target, flipped)
          read += 2
        }
      }
      print("\(target.name): \(read) cuts and flips")
    }
  }

  /// Reads files, and each cut at 64 places, with every reader of archives, pictures and arrays.
  private static func files(_ paths: [String]) throws {
    let targets = FuzzTarget.all.filter(\.takesAnyFile)
    var read = 0
    for root in paths {
      for path in try FuzzTarget.filesBelow(root) {
        let bytes = try Files.read(path, limit: 64 << 20)
        for target in targets {
          FuzzFind.watch("\(target.name)-\(Files.name(of: path))")
          run(target, bytes)
          for part in 0..<64 where bytes.count < 1 << 18 {
            run(target, Array(bytes[..<(bytes.count * part / 64)]))
          }
        }
        read += 1
      }
    }
    print("\(read) files by \(targets.map(\.name).joined(separator: ", "))")
  }

  private static func run(_ target: FuzzTarget, _ input: [UInt8]) {
    input.withUnsafeBytes { bytes in
      FuzzFind.current = bytes
      alarm(60)
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
    free(path)
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
