import Artifacts
import Platform

/// A file on the web, and how to know it when it arrives.
public struct RemoteFile: Sendable, Equatable {
  public var url: String
  /// The expected digest of its bytes.
  public var digest: Digest
  /// Its size in bytes, where it is known.
  public var size: Int?

  public init(url: String, digest: Digest, size: Int? = nil) {
    self.url = url
    self.digest = digest
    self.size = size
  }

  /// The last component of the URL's path, for a file's name.
  public var name: String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    return String(path.split(separator: "/").last ?? "")
  }
}

/// The addresses that may be requested, and those that an answer may redirect to.
public enum AddressPolicy {
  /// `https` or `http`, in lower case; nil for anything else.
  public static func scheme(_ url: String) -> String? {
    guard let colon = url.firstIndex(of: ":") else { return nil }
    let scheme = url[..<colon].lowercased()
    return ["https", "http"].contains(scheme) && url[colon...].hasPrefix("://") ? scheme : nil
  }

  /// - Throws: `Fault` for other schemes than https and http, for passwords and for odd characters.
  public static func check(_ url: String) throws {
    guard url.utf8.count <= 4000, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Fault(.badInput, "the address has spaces or other characters that addresses lack")
    }
    guard scheme(url) != nil else {
      throw Fault(
        .badInput, "the address '\(url)' is neither https nor http",
        remedy: "files on this machine need no fetching: name them as an input")
    }
    let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
    guard !authority.isEmpty, !authority.contains("@") else {
      throw Fault(
        .badInput, "the address holds a user name or no host",
        remedy: "the address is kept in the artifact: leave names and passwords out of it")
    }
  }

  /// Checks where a redirect leads: from https to https only, and never to a file.
  /// - Throws: `Fault` that names both addresses.
  public static func checkRedirect(from old: String, to new: String) throws {
    guard new.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Fault(.badInput, "'\(old)' redirects to an address with odd characters")
    }
    guard let scheme = scheme(new) else {
      throw Fault(
        .badInput, "'\(old)' redirects to '\(new)', which is neither https nor http",
        remedy: "do not trust this server")
    }
    guard scheme == "https" || self.scheme(old) == "http" else {
      throw Fault(
        .badInput, "'\(old)' redirects to '\(new)', from https down to http",
        remedy: "ask for the file at an address that stays with https")
    }
    try check(new)
  }
}

/// Other places for the same files: `FERRY_MIRRORS` holds pairs `FROM=TO` of address prefixes,
/// separated by spaces; the first that matches is asked first, then the file's own address.
public struct Mirrors: Sendable, Equatable {
  private let pairs: [(from: String, to: String)]

  public static let variable = "FERRY_MIRRORS"

  /// - Throws: `Fault` where the text is not made of such pairs.
  public init(_ text: String) throws {
    pairs = try text.split(separator: " ").map { pair in
      guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
        throw Fault(.usage, "\(Self.variable) takes FROM=TO pairs, not '\(pair)'")
      }
      let (from, to) = (String(pair[..<equals]), String(pair[pair.index(after: equals)...]))
      try AddressPolicy.check(to)
      return (from, to)
    }
  }

  public static func == (a: Mirrors, b: Mirrors) -> Bool {
    a.pairs.elementsEqual(b.pairs) { $0 == $1 }
  }

  /// The addresses to ask, in order.
  public func addresses(for url: String) -> [String] {
    pairs.filter { url.hasPrefix($0.from) }.prefix(1).map {
      $0.to + url.dropFirst($0.from.count)
    } + [url]
  }
}
