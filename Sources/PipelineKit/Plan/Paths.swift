import Glibc
import Platform

/// The process's current directory.
func currentDirectory() -> String {
  guard let path = getcwd(nil, 0) else { return "." }
  defer { free(path) }
  return String(cString: path)
}

/// `path` from the root, links unresolved.
func absolute(_ path: String) -> String { Files.join(currentDirectory(), path) }

/// `path` without `.`, `..` and empty components, links unresolved.
func lexical(_ path: String) -> String {
  var parts: [Substring] = []
  for part in path.split(separator: "/") where part != "." {
    if part == "..", let last = parts.last, last != ".." {
      parts.removeLast()
    } else if part != ".." || !path.hasPrefix("/") {
      parts.append(part)
    }
  }
  return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
}

/// An environment variable's value.
func environmentValue(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// Whether `path` is a file that this process may run.
func isExecutable(_ path: String) -> Bool {
  access(path, X_OK) == 0 && Files.status(path)?.kind == .file
}
