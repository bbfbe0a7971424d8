import Artifacts
import CTransfer
import Glibc
import Platform

/// How patiently a file is asked for.
public struct DownloadOptions: Sendable {
  /// Attempts in a row that bring nothing, before an address is given up.
  public var retries = 5
  /// Seconds before the first repetition; doubled each time, at most `longestWait`.
  public var firstWait = 1.0
  public var longestWait = 60.0
  /// Seconds to connect.
  public var connectSeconds = 30
  /// Seconds without a byte.
  public var stallSeconds = 60
  /// Bytes of a file whose size is not known.
  public var sizeLimit = 16 << 30
  /// Redirects of one request.
  public var redirects = 10
  public var mirrors: Mirrors?
  /// The proxy's address; nil: as the environment says; empty: none.
  public var proxy: String?

  public init() {}
}

/// Brings one file: resumes, repeats, checks, and puts it at its place only when it is right.
///
/// Without `DownloadOptions.proxy`, proxies come from the environment (`https_proxy`, `http_proxy`,
/// `no_proxy`), as libcurl reads them.
public struct Download {
  public let file: RemoteFile
  private let options: DownloadOptions
  private let progress: (Int, Int?) throws -> Void
  private let note: (String) -> Void

  /// - Parameters:
  ///   - progress: called with the bytes so far and in all; what it throws ends the download.
  ///   - note: told of each repetition.
  public init(
    _ file: RemoteFile, options: DownloadOptions = DownloadOptions(),
    progress: @escaping (Int, Int?) throws -> Void = { _, _ in },
    note: @escaping (String) -> Void = { _ in }
  ) {
    self.file = file
    self.options = options
    self.progress = progress
    self.note = note
  }

  /// Brings the file to `target`; what has arrived so far is kept in `partial` and continued there.
  ///
  /// - Throws: `Fault`: `unavailable` where no address gives it, `badInput` where what came is not
  ///   what was asked for.
  public func run(to target: String, partial: String) throws {
    try AddressPolicy.check(file.url)
    var failure: Fault?
    for address in options.mirrors?.addresses(for: file.url) ?? [file.url] {
      do {
        try bring(address, partial: partial)
        return try publish(partial, to: target)
      } catch let fault as Fault {
        if fault.code == .interrupted || fault.code == .inputOutput { throw fault }
        if failure != nil || address != file.url { note("\(fault)") }
        failure = fault
      }
    }
    if let failure { throw failure }
  }

  private func publish(_ partial: String, to target: String) throws {
    let descriptor = open(partial, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", partial) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Files.fault("flush", partial) }
    try Files.rename(partial, to: target)
    try Files.syncDirectory(Files.parent(of: target))
  }

  /// Asks one address until the file is whole and right, or patience ends.
  private func bring(_ address: String, partial: String) throws {
    var idle = 0
    var startedOver = false
    while true {
      let before = Files.status(partial)?.size ?? 0
      if before > 0, before == file.size, try Digest(ofFile: partial) == file.digest { return }
      let attempt = try Attempt(
        address, offset: before == file.size ? 0 : before, partial: partial, file: file,
        options: options, progress: progress
      ).run()
      switch attempt {
      case .complete:
        if try Digest(ofFile: partial) == file.digest { return }
        // What was continued may have been of another file: once more from the beginning.
        guard before > 0, !startedOver else { throw try wrong(partial, from: address) }
        startedOver = true
        try Files.removeTree(partial)
        note("what arrived does not have the right digest: starting over")
      case .broken(let reason, let wait):
        let after = Files.status(partial)?.size ?? 0
        idle = after > before ? 0 : idle + 1
        guard idle <= options.retries else {
          throw Fault(
            .unavailable, "cannot fetch '\(address)': \(reason)",
            remedy: "check the connection and proxies; run again to continue where it stopped")
        }
        let pause = min(
          options.longestWait, max(wait, options.firstWait * Double(1 << min(20, max(0, idle - 1))))
        )
        note("\(reason); trying again in \(JSONValue.plain(pause.rounded(.up))) s")
        try sleep(pause)
      }
    }
  }

  private func wrong(_ partial: String, from address: String) throws -> Fault {
    let found = try Digest(ofFile: partial)
    try Files.removeTree(partial)
    return Fault(
      .badInput, "what '\(address)' gave has the SHA-256 \(found.hex), expected \(file.digest.hex)",
      remedy: "the file has changed or the server lies: nothing was kept")
  }

  /// Waits in short steps, so that an interruption ends it.
  private func sleep(_ seconds: Double) throws {
    var left = seconds
    while left > 0 {
      try progress(0, nil)
      let step = min(left, 0.2)
      usleep(UInt32(step * 1_000_000))
      left -= step
    }
  }
}
