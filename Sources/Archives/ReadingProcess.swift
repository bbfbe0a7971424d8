import CArchive
import Glibc

/// Settings of the C library that a process which reads many small files wants.
public enum ReadingProcess {
  /// Makes the settings; call it before any thread starts.
  public static func prepare() {
    // libarchive asks for the local time of each entry; where TZ is not set, glibc then looks at a
    // file every time. Nothing here has a use for the time.
    setenv("TZ", "UTC0", 1)
    // Pictures come and go: memory that was given back would be asked for, and cleared, again.
    mallopt(M_TRIM_THRESHOLD, 64 << 20)
    mallopt(M_MMAP_THRESHOLD, 4 << 20)
  }
}
