import Imaging
import Platform
import Portraits
import StageKit

/// `ferry-synthesize sheet`: a picture of many faces, to look at.
struct SheetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sheet",
    abstract: "Draw a contact sheet: a row an expression, a column a person.")

  @Argument(help: "The PNG file to write.") var file: String
  @Option(help: "in-the-wild or laboratory.") var look = Look.wild.rawValue
  @Option(help: "Persons.") var columns = 8
  @Option(help: "The side of a face's cell in pixels.") var cell = 144
  @Option(help: "Equal seeds give equal sheets.") var seed: UInt64 = 1
  @Option(help: "Strength of pose, light, occlusion, blur and noise.") var nuisance: Float = 1

  func validate() throws {
    guard Look(rawValue: look) != nil else {
      throw ValidationError("--look takes \(Look.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    guard (1...64).contains(columns), (48...1024).contains(cell) else {
      throw ValidationError("--columns takes 1 to 64, --cell takes 48 to 1024")
    }
    guard nuisance >= 0, nuisance <= 2 else { throw ValidationError("--nuisance takes 0 to 2") }
  }

  func run() throws {
    let (columns, cell) = (columns, cell)
    let rows = Prototype.allCases.count
    let cells = try Parallel.map(rows * columns, threads: Parallel.processors) { [self] in
      face(row: $0 / columns, person: $0 % columns)
    }
    var sheet = Image(width: columns * cell, height: rows * cell, channels: 3)
    for (index, picture) in cells.enumerated() {
      sheet.paste(picture, x: index % columns * cell, y: index / columns * cell)
    }
    try Files.write(try sheet.png(), to: file)
  }

  private func face(row: Int, person: Int) -> Image {
    let expression = Prototype.allCases[row]
    var generator = SeededGenerator(seed: seed, UInt64(person))
    let identity = Identity(from: &generator)
    var take = SeededGenerator(seed: seed, UInt64(person), UInt64(row), 7)
    let units = ActionUnits(
      expression, intensity: 0.45...1, stray: 0.12 * nuisance, from: &take)
    let conditions = Conditions(Look(rawValue: look) ?? .wild, strength: nuisance, from: &take)
    let side = Float(cell)
    let framing = Framing(
      width: cell, height: cell, scale: 0.27 * side, centre: Vector2(0.5 * side, 0.53 * side))
    return PortraitRenderer().render(identity, units, conditions, framing, channels: 3).image
  }
}
