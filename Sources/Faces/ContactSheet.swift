import Imaging
import Platform

/// A grid of pictures with what was found in them.
public struct ContactSheet: Sendable {
  /// The marks drawn on a picture, in its pixels.
  public struct Marks: Sendable {
    public var box: [Double]?
    public var points: [Point]
    /// From the picture to its crop.
    public var transform: AffineTransform?

    public init(box: [Double]? = nil, points: [Point] = [], transform: AffineTransform? = nil) {
      self.box = box
      self.points = points
      self.transform = transform
    }
  }

  public enum Frame: Sendable { case plain, kept, rejected }

  private let columns: Int
  private let cell: Int
  private let isPaired: Bool
  private var cells: [Image] = []

  /// - Parameters:
  ///   - cell: a picture's side in px.
  ///   - isPaired: whether a source picture stands above each crop.
  public init(columns: Int, cell: Int, isPaired: Bool) {
    precondition(columns > 0 && cell > 0)
    self.columns = columns
    self.cell = cell
    self.isPaired = isPaired
  }

  /// Row and column of the next cell, from 1.
  public var place: String {
    "row \(cells.count / columns + 1) column \(cells.count % columns + 1)"
  }

  private var height: Int { isPaired ? 2 * cell : cell }

  /// Adds a crop, its source picture above it where the sheet is paired.
  public mutating func add(
    _ source: Image?, crop: Image?, marks: Marks = Marks(), frame: Frame = .plain
  ) {
    var tile = Image(width: cell, height: height, channels: 3, filledWith: 32)
    if isPaired, let source { draw(source, marks, at: 0, on: &tile) }
    if let crop {
      let map = marks.transform
      let inside = Marks(points: map.map { map in marks.points.map(map.applied) } ?? [])
      draw(crop, inside, at: height - cell, on: &tile)
    }
    switch frame {
    case .plain: break
    case .kept: outline(&tile, 0, 0, cell, height, Self.orange, thickness: 3)
    case .rejected: outline(&tile, 0, 0, cell, height, Self.red, thickness: 3)
    }
    cells.append(tile)
  }

  /// All cells so far, with gaps between them.
  public func image() -> Image {
    let gap = 4
    let rows = max(1, (cells.count + columns - 1) / columns)
    var sheet = Image(
      width: columns * (cell + gap) + gap, height: rows * (height + gap) + gap, channels: 3,
      filledWith: 255)
    for (index, tile) in cells.enumerated() {
      let x = gap + index % columns * (cell + gap)
      let y = gap + index / columns * (height + gap)
      sheet.paste(tile, x: x, y: y)
    }
    return sheet
  }

  private static let green: [UInt8] = [40, 220, 60]
  private static let yellow: [UInt8] = [255, 235, 40]
  private static let orange: [UInt8] = [255, 150, 0]
  private static let red: [UInt8] = [230, 30, 30]

  private func draw(_ picture: Image, _ marks: Marks, at top: Int, on tile: inout Image) {
    let scale = Double(cell) / Double(max(picture.width, picture.height))
    let width = max(1, Int((Double(picture.width) * scale).rounded()))
    let height = max(1, Int((Double(picture.height) * scale).rounded()))
    let small = picture.rgb().resized(width: width, height: height)
    let (left, upper) = ((cell - width) / 2, top + (cell - height) / 2)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 { tile[left + x, upper + y, c] = small[x, y, c] }
      }
    }
    if let box = marks.box, box.count == 4, box.allSatisfy({ abs($0) < 1e6 }) {
      let at = box.map { Int(($0 * scale).rounded()) }
      outline(
        &tile, left + at[0], upper + at[1], at[2] - at[0], at[3] - at[1], Self.green, thickness: 1)
    }
    for point in marks.points where abs(point.x) < 1e6 && abs(point.y) < 1e6 {
      let (x, y) = (left + Int(point.x * scale), upper + Int(point.y * scale))
      for dy in -1...1 {
        for dx in -1...1 { paint(&tile, x + dx, y + dy, Self.yellow) }
      }
    }
  }

  private func outline(
    _ tile: inout Image, _ left: Int, _ top: Int, _ width: Int, _ height: Int, _ colour: [UInt8],
    thickness: Int
  ) {
    for inset in 0..<thickness {
      for x in max(0, left)..<max(0, left, min(tile.width, left + width)) {
        paint(&tile, x, top + inset, colour)
        paint(&tile, x, top + height - 1 - inset, colour)
      }
      for y in max(0, top)..<max(0, top, min(tile.height, top + height)) {
        paint(&tile, left + inset, y, colour)
        paint(&tile, left + width - 1 - inset, y, colour)
      }
    }
  }

  private func paint(_ tile: inout Image, _ x: Int, _ y: Int, _ colour: [UInt8]) {
    guard x >= 0, y >= 0, x < tile.width, y < tile.height else { return }
    for c in 0..<3 { tile[x, y, c] = colour[c] }
  }
}
