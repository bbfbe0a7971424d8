import Artifacts
import Glibc
import Platform
import Weights

/// A file that Tests/Golden/weights.py made.
func golden(_ name: String) -> String {
  Files.join(Files.parent(of: #filePath), "Golden/\(name)")
}

/// A folder under FERRY_TEST_DATA, or nil, said loudly, where it is absent.
func sharedData(_ name: String, for test: String) -> String? {
  guard let root = getenv("FERRY_TEST_DATA").map({ String(cString: $0) }),
    Files.exists(Files.join(root, name))
  else {
    print("SKIPPED \(test): FERRY_TEST_DATA has no '\(name)'")
    return nil
  }
  return Files.join(root, name)
}

/// The fault that `body` throws, or nil.
func fault(_ body: () throws -> Void) -> Fault? {
  do {
    try body()
    return nil
  } catch { return error as? Fault }
}
