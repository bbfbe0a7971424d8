import Glibc
import Platform

/// A request as the server saw it.
struct SeenRequest: Sendable {
  var line: String
  var headers: [String: String]
  /// Where the asked range begins; 0 without one.
  var start: Int
}

/// What the server sends: raw bytes, then perhaps silence.
struct RawAnswer: Sendable {
  var bytes: [UInt8]
  /// Keeps the connection open without a byte.
  var stallSeconds = 0

  init(_ bytes: [UInt8], stallSeconds: Int = 0) {
    self.bytes = bytes
    self.stallSeconds = stallSeconds
  }

  init(status: String, headers: [String: String] = [:], body: [UInt8] = []) {
    var text = "HTTP/1.1 \(status)\r\nConnection: close\r\n"
    var all = headers
    if all["Content-Length"] == nil { all["Content-Length"] = "\(body.count)" }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    bytes = Array((text + "\r\n").utf8) + body
  }

  /// The file from `start` on, as servers answer a range.
  static func file(_ data: [UInt8], from start: Int) -> RawAnswer {
    guard start > 0 else { return RawAnswer(status: "200 OK", body: data) }
    guard start < data.count else { return RawAnswer(status: "416 Range Not Satisfiable") }
    return RawAnswer(
      status: "206 Partial Content",
      headers: ["Content-Range": "bytes \(start)-\(data.count - 1)/\(data.count)"],
      body: Array(data[start...]))
  }

  /// The same answer, cut after `count` bytes of its body.
  func cut(bodyAfter count: Int) -> RawAnswer {
    let end = bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) } ?? 0
    return RawAnswer(Array(bytes.prefix(end + 4 + count)), stallSeconds: stallSeconds)
  }
}

/// An HTTP server on loopback that answers as a test tells it to.
final class LoopbackServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let seen = Locked<[SeenRequest]>([])
  private let respond: @Sendable (Int, SeenRequest) -> RawAnswer

  /// - Parameter respond: gives the answer to the request of that number, from 0.
  init(_ respond: @escaping @Sendable (Int, SeenRequest) -> RawAnswer) throws {
    self.respond = respond
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw Fault(.internal, "no loopback socket") }
    listener = descriptor
    port = UInt16(bigEndian: address.sin_port)
    var handle = pthread_t()
    let context = Unmanaged.passRetained(self)
    guard
      pthread_create(
        &handle, nil,
        {
          Unmanaged<LoopbackServer>.fromOpaque($0!).takeRetainedValue().serve()
          return nil
        }, context.toOpaque()) == 0
    else { throw Fault(.internal, "no thread") }
    pthread_detach(handle)
  }

  var requests: [SeenRequest] { seen.withLock { $0 } }

  func url(_ path: String) -> String { "http://127.0.0.1:\(port)/\(path)" }

  /// Ends the server: its thread sees the closed socket.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { return }
      if let request = read(connection) {
        let number = seen.withLock { seen in
          seen.append(request)
          return seen.count - 1
        }
        let answer = respond(number, request)
        answer.bytes.withUnsafeBytes { bytes in
          var sent = 0
          while sent < bytes.count {
            let count = send(
              connection, bytes.baseAddress! + sent, bytes.count - sent,
              Int32(MSG_NOSIGNAL))
            if count <= 0 { break }
            sent += count
          }
        }
        if answer.stallSeconds > 0 { sleep(UInt32(answer.stallSeconds)) }
      }
      shutdown(connection, Int32(SHUT_WR))
      close(connection)
    }
  }

  private func read(_ connection: Int32) -> SeenRequest? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 16 {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
      if bytes.suffix(4).elementsEqual([13, 10, 13, 10]) { break }
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
    guard let first = lines.first else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(
        line[line.index(after: colon)...].drop { $0 == " " })
    }
    let range = headers["range"].map { $0.dropFirst("bytes=".count).prefix { $0 != "-" } }
    return SeenRequest(line: first, headers: headers, start: range.flatMap { Int($0) } ?? 0)
  }
}
