/// A drawing that stands in a page: an accessible SVG element that follows the page's theme.
public protocol Chart: Sendable {
  /// The short name that assistive technology announces.
  var title: String { get }
  /// A description of the drawing, in a sentence or two.
  var summary: String { get }
  /// **Units**: px of the SVG's own coordinates.
  var size: (width: Double, height: Double) { get }
  /// The content of the drawing.
  var drawing: [Markup] { get }
}

extension Chart {
  /// The SVG element; `id` is unique in the page, made of letters, digits and hyphens.
  public func svg(id: String) -> Markup {
    let (width, height) = size
    return Markup(
      "svg",
      [
        "class": "plot", "role": "img", "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": "0 0 \(pixel(width)) \(pixel(height))",
        "style": "max-width:\(pixel(width * 1.25))px",
        "aria-labelledby": "\(id)-title \(id)-desc",
      ],
      [
        Markup("title", ["id": "\(id)-title"], [.text(title)]),
        Markup("desc", ["id": "\(id)-desc"], [.text(summary)]),
      ] + drawing)
  }

  /// A file of its own: the SVG with the theme inside.
  public var file: String {
    let (width, height) = size
    let inner = Markup(
      "svg",
      [
        "class": "plot", "role": "img", "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": "0 0 \(pixel(width)) \(pixel(height))", "width": pixel(width),
        "height": pixel(height), "aria-labelledby": "title desc",
      ],
      [
        Markup("title", ["id": "title"], [.text(title)]),
        Markup("desc", ["id": "desc"], [.text(summary)]),
        Markup("style", [:], [.text(Theme.css)]),
        Markup(
          "rect",
          ["width": pixel(width), "height": pixel(height), "style": "fill:var(--paper)"]),
      ] + drawing)
    return inner.rendered
  }
}

/// The alignment of text relative to its point.
enum Anchor: String { case start, middle, end }

func label(
  _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, _ style: String = "",
  size: Double = 12, turned: Double? = nil
) -> Markup {
  var attributes: [Markup.Attribute] = [.init("x", pixel(x)), .init("y", pixel(y))]
  if anchor != .start { attributes.append(.init("text-anchor", anchor.rawValue)) }
  if !style.isEmpty { attributes.append(.init("class", style)) }
  if size != 12 { attributes.append(.init("font-size", pixel(size))) }
  if let turned {
    attributes.append(.init("transform", "rotate(\(pixel(turned)) \(pixel(x)) \(pixel(y)))"))
  }
  return Markup("text", attributes: attributes, [.text(text)])
}

func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> Markup {
  Markup(
    "line",
    ["x1": pixel(x1), "y1": pixel(y1), "x2": pixel(x2), "y2": pixel(y2), "class": style])
}

/// A marker: the shape repeats the information that the colour gives.
func marker(_ shape: Int, _ x: Double, _ y: Double, radius r: Double = 3.5) -> Markup {
  let style = "mark-\(shape % Theme.light.series.count + 1)"
  let (left, right, top, bottom) = (pixel(x - r), pixel(x + r), pixel(y - r), pixel(y + r))
  let (midX, midY) = (pixel(x), pixel(y))
  switch shape % Theme.light.series.count {
  case 0: return Markup("circle", ["cx": midX, "cy": midY, "r": pixel(r), "class": style])
  case 1:
    return Markup(
      "rect",
      ["x": left, "y": top, "width": pixel(2 * r), "height": pixel(2 * r), "class": style])
  case 2:
    return Markup(
      "path", ["d": "M\(midX) \(top)L\(right) \(bottom)L\(left) \(bottom)Z", "class": style])
  case 3:
    return Markup(
      "path",
      ["d": "M\(midX) \(top)L\(right) \(midY)L\(midX) \(bottom)L\(left) \(midY)Z", "class": style])
  case 4:
    return Markup(
      "path", ["d": "M\(midX) \(bottom)L\(right) \(top)L\(left) \(top)Z", "class": style])
  default:
    return Markup(
      "path",
      [
        "d": "M\(left) \(top)L\(right) \(bottom)M\(left) \(bottom)L\(right) \(top)",
        "class": style, "stroke-width": "2",
      ])
  }
}
