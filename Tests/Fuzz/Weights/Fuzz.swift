import Glibc
import Networks
import Platform
import Weights

/// Where each input is put: in memory, not on a disk.
private let path = "/dev/shm/ferry-fuzz-\(getpid())"

/// What stands before the input: a legacy PyTorch file's preamble, where pickles are fuzzed.
private let preamble: [UInt8] = {
  guard let target = getenv("FERRY_FUZZ_TARGET"), String(cString: target) == "pickle" else {
    return []
  }
  let magic: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  return magic + [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E, 0x80, 2, 0x7D, 0x2E]
}()

/// libFuzzer's entry: opens the input as weights and reads every number.
///
/// A `Fault` is an answer; a trap, a leak of memory, a hang or another error is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: data, count: count)
  do {
    try Files.write(preamble + input, to: path)
    let file = try WeightFile.open(path)
    for tensor in file.tensors { _ = try tensor.floats() }
    for architecture in Architecture.all {
      do { _ = try ImportedWeights(file, as: architecture) } catch is Fault { continue }
    }
  } catch {
    precondition(error is Fault, "not a fault: \(error)")
  }
  return 0
}

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
private typealias Entry = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>, _ entry: Entry
) -> CInt

/// The package manager links a program's `main` to this name; libFuzzer's own stays out.
@_cdecl("fuzz_weights_main")
public func fuzzMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = arguments
  return runFuzzer(&count, &arguments, fuzzOne)
}
