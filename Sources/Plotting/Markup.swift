/// A piece of HTML or SVG: text, an element, or a run of both.
///
/// Names of elements and attributes are literals of the program and every text and attribute value
/// is escaped on its way out, so no data can become markup.
public struct Markup: Sendable {
  private indirect enum Content: Sendable {
    case text(String)
    case element(StaticString, [Attribute], [Markup])
    case run([Markup])
  }

  /// An attribute of an element.
  public struct Attribute: Sendable {
    let name: StaticString
    let value: String

    public init(_ name: StaticString, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  private let content: Content

  /// An element with its attributes and children.
  public init(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>,
    _ children: [Markup] = []
  ) {
    content = .element(name, attributes.map { Attribute($0.key, $0.value) }, children)
  }

  /// An element whose attributes are computed.
  public init(_ name: StaticString, attributes: [Attribute], _ children: [Markup] = []) {
    content = .element(name, attributes, children)
  }

  private init(_ content: Content) { self.content = content }

  /// Text, escaped when written.
  public static func text(_ text: String) -> Markup { Markup(.text(text)) }

  /// Several pieces one after the other.
  public static func run(_ pieces: [Markup]) -> Markup { Markup(.run(pieces)) }

  /// Nothing.
  public static let empty = Markup(.run([]))

  /// The markup as text.
  public var rendered: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch content {
    case .text(let text): output += Self.escaped(text)
    case .run(let pieces): for piece in pieces { piece.write(to: &output) }
    case .element(let name, let attributes, let children):
      output += "<\(name)"
      for attribute in attributes {
        output += " \(attribute.name)=\"\(Self.escaped(attribute.value))\""
      }
      if children.isEmpty, Self.childless.contains(name.description) {
        output += "/>"
      } else {
        output += ">"
        for child in children { child.write(to: &output) }
        output += "</\(name)>"
        if Self.lineEnding.contains(name.description) { output += "\n" }
      }
    }
  }

  /// Elements that HTML or SVG lets close themselves.
  private static let childless: Set<String> = [
    "meta", "br", "hr", "img", "col", "path", "line", "rect", "circle", "polyline",
  ]

  /// Elements after which a line break changes nothing that is seen and helps who reads the source.
  private static let lineEnding: Set<String> = [
    "title", "style", "head", "header", "section", "table", "tr", "thead", "tbody", "svg", "p",
    "h1", "h2", "h3", "figure", "details", "dl", "ul", "li", "footer", "main", "nav",
  ]

  /// Text in which nothing acts as markup, as a control character, or turns the writing direction.
  static func escaped(_ text: String) -> String {
    var output = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output.append(contentsOf: "&amp;".unicodeScalars)
      case "<": output.append(contentsOf: "&lt;".unicodeScalars)
      case ">": output.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": output.append(contentsOf: "&quot;".unicodeScalars)
      case "'": output.append(contentsOf: "&#39;".unicodeScalars)
      default: output.append(isHarmful(scalar) ? "\u{FFFD}" : scalar)
      }
    }
    return String(output)
  }

  private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0x00..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: true
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}

extension Markup: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
}
