import Glibc
import Platform

#if os(Linux)
  /// Waits for changes of files and folders, as the kernel tells of them (inotify).
  ///
  /// Files are watched by the folders they lie in, so that one that is replaced by rename, or is not
  /// there yet, is seen, too.
  public final class FileWatch {
    private let descriptor: Int32
    /// The file names in a folder whose changes count; nil for all names.
    private var names: [Int32: Set<String>?] = [:]
    /// Folders whose new folders are watched as well.
    private var paths: [Int32: String] = [:]

    private static let events = UInt32(
      IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

    /// - Throws: `Fault` (unavailable) where the system has no more watches.
    public init() throws {
      descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
      guard descriptor >= 0 else {
        throw Fault(
          .unavailable, "changes of files cannot be watched: \(String(cString: strerror(errno)))",
          remedy: "raise fs.inotify.max_user_instances")
      }
    }

    deinit { close(descriptor) }

    /// The number of folders that are watched.
    public var count: Int { names.count }

    /// Watches everything that a plan is made of: manifests, parameter files, sources, programs.
    public func add(_ plan: Plan) throws {
      for file in plan.files { try add(file: absolute(file.path)) }
      for path in plan.pinnedPrograms { try add(file: path) }
      for source in plan.sources {
        if let pattern = source.pattern {
          try add(folder: pattern.base.isEmpty ? "." : pattern.base)
        } else if Files.isDirectory(source.path) {
          try add(folder: source.path)
        } else {
          try add(file: absolute(source.path))
        }
      }
    }

    /// Watches one file, which need not be there.
    public func add(file path: String) throws {
      guard let watch = try watch(Files.parent(of: path)) else { return }
      if let known = names[watch] {
        names[watch] = known.map { $0.union([Files.name(of: path)]) }
      } else {
        names.updateValue([Files.name(of: path)], forKey: watch)
      }
    }

    /// Watches a folder and all folders below it; links to folders and names that begin with a dot
    /// are passed over.
    public func add(folder path: String) throws {
      guard let watch = try watch(path) else { return }
      names.updateValue(nil, forKey: watch)
      paths[watch] = path
      for name in (try? Files.list(path)) ?? [] where !name.hasPrefix(".") {
        let inner = Files.join(path, name)
        if Files.status(inner, followLinks: false)?.kind == .directory { try add(folder: inner) }
      }
    }

    private func watch(_ folder: String) throws -> Int32? {
      let watch = inotify_add_watch(descriptor, folder, Self.events)
      if watch >= 0 { return watch }
      guard errno == ENOSPC else { return nil }
      throw Fault(
        .unavailable, "the system watches no more folders than \(count)",
        remedy: "raise fs.inotify.max_user_watches")
    }

    /// Waits until something changed and then until nothing has for a moment.
    /// - Parameter interrupts: a descriptor from which bytes come when the user wants to end.
    /// - Returns: false where the user wants to end.
    public func wait(interrupts: Int32) throws -> Bool {
      var isChanged = false
      while true {
        var watched = [
          pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
          pollfd(fd: interrupts, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&watched, 2, isChanged ? Self.calm : -1)
        if count < 0, errno != EINTR { throw Files.fault("watch", "files") }
        if count > 0, watched[1].revents != 0 { return false }
        if count == 0 { return true }
        if count > 0, watched[0].revents != 0, try take() { isChanged = true }
      }
    }

    /// Milliseconds without a change after which the files are taken to be complete.
    private static let calm: Int32 = 200

    /// Takes what the kernel told; true where it counts.
    private func take() throws -> Bool {
      var counts = false
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return counts }
        var place = 0
        while place + 16 <= count {
          let (watch, mask, length) = bytes.withUnsafeBytes {
            (
              $0.loadUnaligned(fromByteOffset: place, as: Int32.self),
              $0.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self),
              Int($0.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
            )
          }
          let name = String(
            decoding: bytes[(place + 16)..<min(count, place + 16 + length)].prefix { $0 != 0 },
            as: UTF8.self)
          place += 16 + length
          if try isMeant(watch, mask, name) { counts = true }
        }
      }
    }

    private func isMeant(_ watch: Int32, _ mask: UInt32, _ name: String) throws -> Bool {
      if mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
      guard let wanted = names[watch] else { return false }
      if let wanted { return wanted.contains(name) }
      if name.hasPrefix(".") { return false }
      if mask & (UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)) != 0, mask & UInt32(IN_ISDIR) != 0,
        let folder = paths[watch]
      {
        try add(folder: Files.join(folder, name))
      }
      // A file that was only made is not complete; its end of writing follows.
      return mask & UInt32(IN_CREATE) == 0 || mask & UInt32(IN_ISDIR) != 0
    }
  }
#endif
