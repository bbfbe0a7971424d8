import Glibc

// With libFuzzer (scripts/fuzz), `ferry-fuzz fuzz TARGET [libFuzzer's arguments]` lets libFuzzer make
// the damaged files; the other commands stay as they are.
#if LIBFUZZER
  import Platform

  private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private typealias Entry = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

  @_silgen_name("LLVMFuzzerRunDriver")
  private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ entry: Entry
  ) -> CInt

  nonisolated(unsafe) private var target: FuzzTarget?

  /// libFuzzer's entry. A `Fault` is an answer; a trap, a hang or another error is a finding.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
      try target?.read(Array(UnsafeBufferPointer(start: data, count: count)))
    } catch {
      precondition(error is Fault, "not a fault: \(error)")
    }
    return 0
  }

  /// The package manager links a program's `main` to this name; libFuzzer's own stays out.
  @_cdecl("ferry_fuzz_main")
  public func fuzzMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) -> CInt {
    guard count > 2, let word = arguments[1], let name = arguments[2],
      String(cString: word) == "fuzz"
    else { return runCommand() }
    target = FuzzTarget.all.first { $0.name == String(cString: name) }
    guard target != nil else { return Fault.Code.usage.rawValue }
    // libFuzzer sees the program's name and what follows the target.
    arguments[2] = arguments[0]
    var rest = arguments + 2
    var left = count - 2
    return runFuzzer(&left, &rest, fuzzOne)
  }

  private func runCommand() -> CInt {
    do { try Fuzz.main() } catch {
      print(error)
      return 1
    }
    return 0
  }
#else
  @main private enum Entry {
    static func main() throws { try Fuzz.main() }
  }
#endif
