import Glibc
import Platform

/// The files and folders of one directory with their stamps, in the order of their paths.
///
/// Names stay bytes in one array: a look at a million files makes no text a file.
struct DirectoryEntries: Sendable {
  struct Item: Sendable {
    fileprivate var start: Int
    fileprivate var count: Int
    var isDirectory: Bool
    var stamp: FileStamp
  }

  /// The directory's device and inode.
  let identity: [UInt64]
  /// The directory's own stamp, taken before its entries were read.
  let stamp: FileStamp
  let items: [Item]
  private let names: [UInt8]

  /// Reads a directory. Links are followed; what is neither a file nor a folder is left out.
  init(_ path: String) throws {
    guard let directory = opendir(path) else { throw Files.fault("read", path) }
    defer { closedir(directory) }
    var info = stat()
    guard fstat(dirfd(directory), &info) == 0 else { throw Files.fault("read", path) }
    identity = [UInt64(info.st_dev), UInt64(info.st_ino)]
    stamp = FileStamp(info)
    var names: [UInt8] = []
    var items: [Item] = []
    while let entry = readdir(directory) {
      let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset)
        .assumingMemoryBound(to: CChar.self)
      let count = strlen(name)
      if name[0] == 0x2E, count == 1 || (count == 2 && name[1] == 0x2E) { continue }
      guard fstatat(dirfd(directory), name, &info, 0) == 0 else { continue }
      let kind = info.st_mode & S_IFMT
      guard kind == S_IFREG || kind == S_IFDIR else { continue }
      items.append(
        Item(
          start: names.count, count: count, isDirectory: kind == S_IFDIR, stamp: FileStamp(info)))
      names.append(contentsOf: UnsafeRawBufferPointer(start: name, count: count))
    }
    names.withUnsafeBytes { bytes in items.sort { Self.precedes($0, $1, bytes) } }
    self.names = names
    self.items = items
  }

  private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name)!

  /// Whether what is at `a` has the lesser path: a folder's path goes on with a slash.
  private static func precedes(_ a: Item, _ b: Item, _ names: UnsafeRawBufferPointer) -> Bool {
    let shared = min(a.count, b.count)
    if let base = names.baseAddress {
      let order = memcmp(base + a.start, base + b.start, shared)
      if order != 0 { return order < 0 }
    }
    func next(_ item: Item) -> Int {
      if item.count > shared { return Int(names[item.start + shared]) }
      return item.isDirectory ? 0x2F : -1
    }
    return next(a) < next(b)
  }

  /// The bytes of an item's name.
  func name(_ item: Item) -> ArraySlice<UInt8> { names[item.start..<item.start + item.count] }

  /// An item's name as a text.
  /// - Throws: `Fault` where it is none.
  func text(_ item: Item, in directory: String) throws -> String {
    if let text = String(validating: name(item), as: UTF8.self) { return text }
    let shown = String(decoding: name(item), as: UTF8.self)
    throw Fault(
      .badInput, "a name in '\(directory)' is not UTF-8: '\(shown)'", remedy: "rename it")
  }

  /// Calls `body` with an item's name.
  func withName<T>(_ item: Item, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try names.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[item.start..<item.start + item.count]))
    }
  }
}
