import Glibc

/// Runs `body` with this thread's text set to UTF-8, whatever the user's locale.
///
/// libarchive converts names to the locale's character set: in the C locale a letter beyond ASCII
/// becomes a question mark when read, and a null pointer when written.
func withUTF8Names<R>(_ body: () throws -> R) rethrows -> R {
  guard let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else { return try body() }
  let previous = uselocale(locale)
  defer {
    uselocale(previous)
    freelocale(locale)
  }
  return try body()
}
