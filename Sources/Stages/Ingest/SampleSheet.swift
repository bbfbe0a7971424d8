import Artifacts
import Imaging
import Platform
import Samples

/// A picture of many samples, to look at: a row a class with its name, a group of columns a split.
///
/// Pictures are taken at even steps through the rows, so that the same artifact gives the same sheet.
struct SampleSheet {
  private static let cell = 96
  private static let gap = 4
  private static let columns = 14
  private static let paper: UInt8 = 245
  /// Further classes are left out, which bounds the sheet's size.
  static let mostClasses = 100

  /// Letters are this much larger than their pixels.
  private static let scale = 2
  private static let letter = PixelText.advance * scale
  private static let lineHeight = (PixelText.height + 3) * scale
  /// Longer names go on in the next line.
  private static let longestLine = 16
  private static let mostLines = cell / lineHeight

  private let reader: RowCollectionReader
  /// Each class's name as it is drawn.
  private let names: [[String]]
  private let splits: [Split]
  /// For each class the indexes of its pictures, split after split.
  private let lines: [[[Int]]]
  /// Names in letters that cannot be drawn, by the number that stands for them.
  let numbered: [(number: Int, name: String)]

  init(_ reader: RowCollectionReader, _ rows: [SampleRow], _ classes: ClassList) {
    self.reader = reader
    let shown = classes.names.prefix(Self.mostClasses)
    let splits = Split.allCases.filter { split in rows.contains { $0.split == split } }
    self.splits = splits
    numbered = shown.enumerated().filter { PixelText.plain($1) == nil }.map { ($0 + 1, $1) }
    names = shown.enumerated().map { number, name in
      let text = PixelText.plain(name) ?? "#\(number + 1)"
      return PixelText.lines(text, length: Self.longestLine, most: Self.mostLines)
    }
    var indexes: [String: [Split: [Int]]] = [:]
    for (index, row) in rows.enumerated() {
      if let label = row.label {
        indexes[label, default: [:]][row.split, default: []].append(index)
      }
    }
    lines = shown.map { name in
      splits.map { split in
        let all = indexes[name]?[split] ?? []
        let count = min(all.count, Self.columns / splits.count)
        return (0..<count).map { all[(2 * $0 + 1) * all.count / (2 * count)] }
      }
    }
  }

  /// Where the pictures of a split begin, from the left of the first.
  private func left(_ split: Int) -> Int {
    let step = Self.cell + Self.gap
    return split * (Self.columns / max(1, splits.count) * step + 4 * Self.gap)
  }

  /// Draws the sheet as a PNG.
  func png(threads: Int) throws -> [UInt8] {
    let step = Self.cell + Self.gap
    let margin = (names.joined().map(\.count).max() ?? 0) * Self.letter + 2 * Self.gap
    let head = Self.lineHeight + Self.gap
    var sheet = Image(
      width: margin + left(max(1, splits.count)), height: head + lines.count * step, channels: 3,
      filledWith: Self.paper)
    for (split, name) in splits.enumerated() {
      let x = margin + left(split)
      PixelText.draw(name.rawValue, into: &sheet, x: x, y: Self.gap, scale: Self.scale)
    }
    for (row, name) in names.enumerated() {
      let top = head + row * step + (Self.cell - name.count * Self.lineHeight) / 2
      for (line, text) in name.enumerated() {
        let y = top + line * Self.lineHeight
        PixelText.draw(text, into: &sheet, x: Self.gap, y: y, scale: Self.scale)
      }
    }
    let places = places(margin, head)
    let reader = reader
    let cells = try Parallel.map(places.count, threads: threads) { number in
      try reader.withPayload(places[number].index) { bytes in try bytes.map { try Self.fit($0) } }
    }
    for (place, picture) in zip(places, cells) {
      guard let picture else { continue }
      sheet.paste(
        picture, x: place.x + (Self.cell - picture.width) / 2,
        y: place.y + (Self.cell - picture.height) / 2)
    }
    return try sheet.png()
  }

  /// Each picture's index and its cell's top-left corner.
  private func places(_ margin: Int, _ head: Int) -> [(index: Int, x: Int, y: Int)] {
    let step = Self.cell + Self.gap
    return lines.enumerated().flatMap { row, groups in
      groups.enumerated().flatMap { split, indexes in
        indexes.enumerated().map { column, index in
          (index: index, x: margin + left(split) + column * step, y: head + row * step)
        }
      }
    }
  }

  /// The whole picture inside a cell, decoded no larger than the cell needs.
  private static func fit(_ bytes: UnsafeRawBufferPointer) throws -> Image {
    let image = try Image.decode(bytes, name: "picture", noSmallerThan: cell)
    let scale = Double(cell) / Double(max(image.width, image.height))
    return image.resized(
      width: max(1, Int(Double(image.width) * scale)),
      height: max(1, Int(Double(image.height) * scale)))
  }
}
