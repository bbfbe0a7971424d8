import CTransfer
import Glibc
import Platform

/// One request for a file, with its redirects.
final class Attempt {
  enum Outcome {
    case complete
    /// It may go better another time; the server may ask for a pause, in seconds.
    case broken(String, wait: Double)
  }
  private let address: String
  private let offset: Int
  private let file: RemoteFile
  private let options: DownloadOptions
  private let progress: (Int, Int?) throws -> Void
  private let partial: String
  private let descriptor: Int32
  private var size: Int
  private var failure: (any Error)?

  /// - Parameter offset: how much of `partial` is kept; the rest is cut off.
  init(
    _ address: String, offset: Int, partial: String, file: RemoteFile, options: DownloadOptions,
    progress: @escaping (Int, Int?) throws -> Void
  ) throws {
    self.address = address
    self.offset = offset
    self.partial = partial
    self.file = file
    self.options = options
    self.progress = progress
    size = offset
    descriptor = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw Files.fault("create", partial) }
    guard ftruncate(descriptor, off_t(offset)) == 0 else { throw Files.fault("cut", partial) }
  }

  deinit { close(descriptor) }

  func run() throws -> Outcome {
    var url = address
    for _ in 0...options.redirects {
      let answer = try request(url)
      if let failure { throw failure }
      if (301...308).contains(answer.status), !answer.location.isEmpty {
        try AddressPolicy.checkRedirect(from: url, to: answer.location)
        url = answer.location
        continue
      }
      return try outcome(answer, url)
    }
    throw Fault(.unavailable, "'\(address)' redirects more than \(options.redirects) times")
  }

  private struct Answer {
    var code: Int32
    var status: Int
    var location: String
    var message: String
    var wait: Double
  }

  private func outcome(_ answer: Answer, _ url: String) throws -> Outcome {
    if answer.code != 0 {
      if ferry_transfer_is_temporary(answer.code) != 0 {
        return .broken(answer.message, wait: answer.wait)
      }
      throw Fault(.unavailable, "cannot fetch '\(url)'", cause: answer.message)
    }
    switch answer.status {
    case 200, 206:
      guard let expected = file.size, size != expected else { return .complete }
      return .broken("it ended after \(size) of \(expected) bytes", wait: answer.wait)
    case 416 where offset > 0:
      // The server has no more: what there is may be all of it, or of another file.
      guard ftruncate(descriptor, off_t(offset)) == 0 else { throw Files.fault("cut", partial) }
      return .complete
    case 408, 425, 429, 500...599:
      return .broken("the server answers \(answer.status)", wait: answer.wait)
    default:
      throw Fault(
        .unavailable, "'\(url)' answers \(answer.status)",
        remedy: answer.status == 404
          ? "the file is gone: ferry-fetch list says where known ones are"
          : "check the address; some files are behind a form")
    }
  }

  private func request(_ url: String) throws -> Answer {
    var transfer = ferry_transfer()
    transfer.offset = Int64(offset)
    transfer.connect_seconds = options.connectSeconds
    transfer.stall_seconds = options.stallSeconds
    transfer.context = Unmanaged.passUnretained(self).toOpaque()
    transfer.write = { context, bytes, count, start in
      guard let context, let bytes else { return 1 }
      return Unmanaged<Attempt>.fromOpaque(context).takeUnretainedValue().take(
        UnsafeRawBufferPointer(start: bytes, count: count), at: Int(start))
    }
    transfer.poll = { context in
      guard let context else { return 1 }
      return Unmanaged<Attempt>.fromOpaque(context).takeUnretainedValue().poll()
    }
    let started = withExtendedLifetime(self) {
      url.withCString { text in
        (options.proxy ?? "").withCString { proxy in
          transfer.url = text
          transfer.proxy = options.proxy == nil ? nil : proxy
          return ferry_transfer_run(&transfer)
        }
      }
    }
    (transfer.url, transfer.proxy) = (nil, nil)
    guard started == 0 else { throw Fault(.internal, "libcurl cannot start") }
    let location = withUnsafeBytes(of: &transfer.location) { Self.text($0) }
    let message = withUnsafeBytes(of: &transfer.message) { Self.text($0) }
    return Answer(
      code: transfer.code, status: transfer.status, location: location, message: message,
      wait: Double(transfer.retry_after))
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Writes what has come; 1 stops the transfer, with the reason in `failure`.
  private func take(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int32 {
    do {
      // An answer from the beginning replaces what was there.
      if start == 0, size > 0 {
        guard ftruncate(descriptor, 0) == 0 else { throw Files.fault("cut", partial) }
        size = 0
      }
      guard start == size else {
        throw Fault(.badInput, "'\(address)' gives bytes from \(start), asked for from \(size)")
      }
      let limit = file.size ?? options.sizeLimit
      guard bytes.count <= limit - size else {
        ftruncate(descriptor, 0)
        throw Fault(
          .badInput, "'\(address)' gives more than the \(limit) bytes that the file may have",
          remedy: file.size == nil ? "state its size" : "the file has changed or the server lies")
      }
      guard lseek(descriptor, off_t(size), SEEK_SET) >= 0 else {
        throw Files.fault("write", partial)
      }
      try Files.writeAll(bytes, to: descriptor, path: partial)
      size += bytes.count
      return poll()
    } catch {
      failure = error
      return 1
    }
  }

  private func poll() -> Int32 {
    guard failure == nil else { return 1 }
    do {
      try progress(size, file.size)
      return 0
    } catch {
      failure = error
      return 1
    }
  }
}
