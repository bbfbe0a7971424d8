import CArchive
import Glibc
import Platform

/// A bound on the memory that unpacking takes for itself.
///
/// The dictionaries of 7z, RAR, xz and zstd are as large as their headers say, up to gigabytes, and
/// libarchive allocates them without a limit that a caller could set. So the growth of what the
/// allocator has mapped is measured around the calls that may allocate one. Pages are not touched
/// before they are used, so that a refused dictionary has cost nothing.
struct DictionaryLimit {
  let bytes: Int

  /// Runs `call` and refuses an archive for which it mapped more than the limit.
  func measured<R>(at path: String, _ call: () throws -> R) throws -> R {
    let before = Self.mapped
    let result = try call()
    let growth = Self.mapped - before
    guard growth <= bytes else {
      throw Fault(
        .badInput,
        "unpacking takes a dictionary of \(growth >> 20) MiB, more than the limit of "
          + "\(bytes >> 20) MiB",
        at: .init(path), remedy: "unpack the archive and give the folder, or pack it as zip")
    }
    return result
  }

  /// Bytes of large allocations of the whole process.
  private static var mapped: Int { Int(mallinfo2().hblkhd) }
}
