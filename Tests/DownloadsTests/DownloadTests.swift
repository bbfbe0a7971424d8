import Artifacts
import Downloads
import Glibc
import Platform
import Testing

/// Downloads from a server on loopback that cuts, lies, redirects and stalls.
@Suite(.serialized) struct DownloadTests {
  static let data: [UInt8] = {
    var generator = SeededGenerator(seed: 3)
    return (0..<300_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()
  static var options: DownloadOptions {
    var options = DownloadOptions()
    options.firstWait = 0.01
    options.retries = 2
    options.stallSeconds = 1
    options.connectSeconds = 2
    options.proxy = ""
    return options
  }

  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory()
  }

  private func fetch(
    _ url: String, size: Int? = DownloadTests.data.count, digest: Digest? = nil,
    options: DownloadOptions = DownloadTests.options,
    progress: @escaping (Int, Int?) throws -> Void = { _, _ in }
  ) throws {
    let file = RemoteFile(url: url, digest: digest ?? Digest(hashing: Self.data), size: size)
    try Download(file, options: options, progress: progress).run(
      to: folder("file"), partial: folder("partial"))
  }

  private func failure(_ body: () throws -> Void) -> Fault? {
    do {
      try body()
      return nil
    } catch { return error as? Fault }
  }

  private func expectArrived() throws {
    #expect(try Digest(ofFile: folder("file")) == Digest(hashing: Self.data))
    #expect(!Files.exists(folder("partial")))
  }

  @Test func plainFileArrives() throws {
    let server = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer { server.stop() }
    let last = Locked(0)
    try fetch(server.url("w.pt")) { done, _ in last.withLock { $0 = max($0, done) } }
    try expectArrived()
    #expect(last.withLock { $0 } == Self.data.count)
    #expect(server.requests.count == 1)
  }

  @Test(arguments: [Self.data.count, nil]) func cutsAreContinued(size: Int?) throws {
    let server = try LoopbackServer { number, request in
      let whole = RawAnswer.file(Self.data, from: request.start)
      return number < 4 ? whole.cut(bodyAfter: 50_000) : whole
    }
    defer { server.stop() }
    try fetch(server.url("w.pt"), size: size)
    try expectArrived()
    #expect(server.requests.map(\.start) == [0, 50_000, 100_000, 150_000, 200_000])
  }

  @Test func earlierRunIsContinued() throws {
    let server = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer { server.stop() }
    try Files.write(Self.data.prefix(123_456), to: folder("partial"))
    try fetch(server.url("w.pt"))
    try expectArrived()
    #expect(server.requests.map(\.start) == [123_456])
  }

  @Test func wholeFileOfAnEarlierRunIsNotAskedForAgain() throws {
    try Files.write(Self.data, to: folder("partial"))
    try fetch("http://127.0.0.1:1/w.pt")
    try expectArrived()
  }

  @Test func wrongBeginningIsThrownAway() throws {
    let server = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer { server.stop() }
    try Files.write([UInt8](repeating: 7, count: 1000), to: folder("partial"))
    try fetch(server.url("w.pt"))
    try expectArrived()
    #expect(server.requests.map(\.start) == [1000, 0])
  }

  @Test func serverWithoutRangesStartsOver() throws {
    let server = try LoopbackServer { _, _ in RawAnswer(status: "200 OK", body: Self.data) }
    defer { server.stop() }
    try Files.write(Self.data.prefix(1000), to: folder("partial"))
    try fetch(server.url("w.pt"))
    try expectArrived()
  }

  @Test func wrongRangeIsRefused() throws {
    let server = try LoopbackServer { _, _ in .file(Self.data, from: 5000) }
    defer { server.stop() }
    try Files.write(Self.data.prefix(1000), to: folder("partial"))
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.message.contains("gives bytes from 5000, asked for from 1000"))
  }

  @Test func liesAreRefusedAndLeaveNothing() throws {
    var other = Self.data
    other[1234] ^= 1
    let wrong = other
    let server = try LoopbackServer { .file(wrong, from: $1.start) }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.code == .badInput)
    #expect(found.message.contains(Digest(hashing: wrong).hex))
    #expect(!Files.exists(folder("file")) && !Files.exists(folder("partial")))
  }

  @Test func moreThanTheSizeIsRefusedAtOnce() throws {
    let server = try LoopbackServer { _, _ in
      RawAnswer(
        status: "200 OK", headers: ["Content-Length": "1000000000000"],
        body: Self.data + Self.data)
    }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.message.contains("more than the 300000 bytes"))
    var options = Self.options
    options.sizeLimit = 1000
    let capped = try #require(
      failure { try fetch(server.url("w.pt"), size: nil, options: options) })
    #expect(capped.message.contains("more than the 1000 bytes"))
  }

  @Test func stallsEndAndAreRepeated() throws {
    let server = try LoopbackServer { number, request in
      var answer = RawAnswer.file(Self.data, from: request.start)
      if number == 0 {
        answer = answer.cut(bodyAfter: 1000)
        answer.stallSeconds = 4
      }
      return answer
    }
    defer { server.stop() }
    try fetch(server.url("w.pt"))
    try expectArrived()
    #expect(server.requests.count == 2)
  }

  @Test func busyServerIsAskedAgain() throws {
    let server = try LoopbackServer { number, request in
      number < 2
        ? RawAnswer(status: number == 0 ? "503 Busy" : "429 Slow Down", body: [1, 2, 3])
        : .file(Self.data, from: request.start)
    }
    defer { server.stop() }
    try fetch(server.url("w.pt"))
    try expectArrived()
  }

  @Test func patienceEnds() throws {
    let server = try LoopbackServer { _, _ in RawAnswer(status: "500 Broken") }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.code == .unavailable && found.message.contains("answers 500"))
    #expect(server.requests.count == 3)
  }

  @Test func missingFileIsNotAskedForAgain() throws {
    let server = try LoopbackServer { _, _ in RawAnswer(status: "404 Not Found") }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.code == .unavailable && found.message.contains("answers 404"))
    #expect(server.requests.count == 1)
  }

  @Test func redirectsAreFollowed() throws {
    let server = try LoopbackServer { _, request in
      request.line.contains("/old/")
        ? RawAnswer(status: "302 Found", headers: ["Location": "../new/w.pt"], body: [9, 9, 9])
        : .file(Self.data, from: request.start)
    }
    defer { server.stop() }
    try fetch(server.url("old/w.pt"))
    try expectArrived()
    #expect(server.requests.map(\.line) == ["GET /old/w.pt HTTP/1.1", "GET /new/w.pt HTTP/1.1"])
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
  func redirectsToOtherSchemesAreRefused(location: String) throws {
    let server = try LoopbackServer { _, _ in
      RawAnswer(status: "301 Moved", headers: ["Location": location])
    }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.message.contains(location) && found.message.contains("neither https nor http"))
  }

  @Test func endlessRedirectsEnd() throws {
    let server = try LoopbackServer { number, _ in
      RawAnswer(status: "302 Found", headers: ["Location": "/\(number)"])
    }
    defer { server.stop() }
    let found = try #require(failure { try fetch(server.url("w.pt")) })
    #expect(found.message.contains("redirects more than 10 times"))
  }

  @Test func interruptionStops() throws {
    let server = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer { server.stop() }
    let found = try #require(
      failure {
        try fetch(server.url("w.pt")) { done, _ in
          if done > 100 { throw Fault(.interrupted, "interrupted") }
        }
      })
    #expect(found.code == .interrupted)
    #expect(Files.exists(folder("partial")) && !Files.exists(folder("file")))
  }

  @Test func mirrorIsAskedFirst() throws {
    let mirror = try LoopbackServer { .file(Self.data, from: $1.start) }
    let own = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer {
      mirror.stop()
      own.stop()
    }
    var options = Self.options
    options.mirrors = try Mirrors("\(own.url("models/"))=\(mirror.url("copy/"))")
    try fetch(own.url("models/w.pt"), options: options)
    try expectArrived()
    #expect(mirror.requests.map(\.line) == ["GET /copy/w.pt HTTP/1.1"])
    #expect(own.requests.isEmpty)
  }

  @Test func brokenMirrorIsPassedOver() throws {
    let mirror = try LoopbackServer { _, _ in RawAnswer(status: "404 Not Found") }
    let own = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer {
      mirror.stop()
      own.stop()
    }
    var options = Self.options
    options.mirrors = try Mirrors("\(own.url(""))=\(mirror.url(""))")
    try fetch(own.url("w.pt"), options: options)
    try expectArrived()
  }

  @Test func proxyOfTheOptionsIsUsed() throws {
    let proxy = try LoopbackServer { .file(Self.data, from: $1.start) }
    defer { proxy.stop() }
    var options = Self.options
    options.proxy = "http://127.0.0.1:\(proxy.port)"
    try fetch("http://weights.invalid/w.pt", options: options)
    try expectArrived()
    #expect(proxy.requests.map(\.line) == ["GET http://weights.invalid/w.pt HTTP/1.1"])
  }

  /// In a process of its own, whose environment is no other test's.
  @Test func proxyOfTheEnvironmentIsUsed() async {
    await #expect(processExitsWith: .success) {
      let tests = try DownloadTests()
      let proxy = try LoopbackServer { .file(DownloadTests.data, from: $1.start) }
      defer { proxy.stop() }
      setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
      unsetenv("no_proxy")
      unsetenv("NO_PROXY")
      var options = DownloadTests.options
      options.proxy = nil
      try tests.fetch("http://weights.invalid/w.pt", options: options)
      try tests.expectArrived()
      #expect(proxy.requests.map(\.line) == ["GET http://weights.invalid/w.pt HTTP/1.1"])
    }
  }
}

/// What may be asked for, and where an answer may lead.
@Suite struct AddressTests {
  @Test func httpsIsNeverDowngraded() throws {
    #expect(throws: Fault.self) {
      try AddressPolicy.checkRedirect(from: "https://a.org/x", to: "http://a.org/x")
    }
    try AddressPolicy.checkRedirect(from: "https://a.org/x", to: "https://b.org/x")
    try AddressPolicy.checkRedirect(from: "http://a.org/x", to: "https://b.org/x")
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://a.org/x", "HTTPS:/a.org", "https://user:pass@a.org/x",
    "https:///x", "https://a.org/x y", "https://a.org/\u{7}", "//a.org/x", "",
  ])
  func oddAddressesAreRefused(url: String) {
    #expect(throws: Fault.self) { try AddressPolicy.check(url) }
  }

  @Test func mirrorsAreReadFromText() throws {
    let mirrors = try Mirrors("https://a.org/=https://b.org/a/ https://c.org/=http://d.org/")
    #expect(mirrors.addresses(for: "https://a.org/x") == ["https://b.org/a/x", "https://a.org/x"])
    #expect(mirrors.addresses(for: "https://e.org/x") == ["https://e.org/x"])
    #expect(throws: Fault.self) { _ = try Mirrors("https://a.org/") }
    #expect(throws: Fault.self) { _ = try Mirrors("https://a.org/=file:///srv/") }
  }
}
