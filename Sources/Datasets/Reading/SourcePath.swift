/// Readings of a path inside a source.
enum SourcePath {
  /// The last component.
  static func name(_ path: String) -> Substring {
    path.utf8.lastIndex(of: 0x2F).map { path[path.utf8.index(after: $0)...] } ?? path[...]
  }

  /// The path without the last component's extension.
  static func withoutExtension(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.utf8.lastIndex(of: 0x2E), dot > name.startIndex else { return path }
    return String(path[..<dot])
  }

  /// The last component without its extension.
  static func stem(_ path: String) -> String { withoutExtension(String(name(path))) }

  /// The extension in lower case, without the dot.
  static func fileExtension(_ path: String) -> String {
    let name = name(path)
    guard let dot = name.utf8.lastIndex(of: 0x2E) else { return "" }
    return name[name.utf8.index(after: dot)...].lowercased()
  }

  /// Of pictures that are decoded, and of some that are not and are to be listed as such.
  static let imageExtensions: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "tif", "tiff", "webp", "gif", "heic", "avif", "jp2",
    "jxl",
  ]

  static func isImage(_ path: String) -> Bool { imageExtensions.contains(fileExtension(path)) }

  /// Files that operating systems, archivers and Ferry itself leave beside the data.
  static func isDebris(_ path: String) -> Bool {
    if debris.contains(String(name(path))) { return true }
    // Neither of the two begins a component of most paths.
    guard path.utf8.contains(0x5F) else { return false }
    return path.split(separator: "/").contains { $0 == "__MACOSX" || $0.hasPrefix("._") }
  }

  private static let debris: Set<String> = [
    ".DS_Store", "Thumbs.db", "desktop.ini", "artifact.json", "provenance.json", "truth.jsonl",
  ]
}
