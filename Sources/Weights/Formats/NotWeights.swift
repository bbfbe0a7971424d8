import Platform

/// What people hold where weights should be: the pointer that Git LFS leaves, or a page of a site.
enum NotWeights {
  /// The fault that names such a file, or nil for others.
  ///
  /// - Parameter head: the file's first bytes, 64 or fewer.
  static func fault(_ path: String, _ head: UnsafeRawBufferPointer) -> Fault? {
    if head.starts(with: Array("version https://git-lfs".utf8)) {
      return Fault(
        .badInput, "a pointer of Git LFS, not the file that it stands for", at: .init(path),
        remedy: "run git lfs pull in the repository, or download the file itself")
    }
    let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    let text = head.drop(while: isSpace).prefix(16).map {
      (0x41...0x5A).contains($0) ? $0 | 32 : $0
    }
    for start in ["<!doctype", "<html", "<head", "<?xml", "<!--"]
    where text.starts(with: Array(start.utf8)) {
      return Fault(
        .badInput, "a web page or a server's message, not weights", at: .init(path),
        remedy: "its address leads to a form, a login or an error: download the file itself")
    }
    return nil
  }
}
