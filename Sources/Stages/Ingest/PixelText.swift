import Imaging

/// Words in a picture, of letters that are five pixels wide and seven high.
enum PixelText {
  /// Rows from the top, each a digit of base 32 whose highest bit is the leftmost pixel.
  private static let letters: [Character: String] = [
    "a": "00E1FHF", "b": "GGUHHHU", "c": "00EGGHE", "d": "11FHHHF", "e": "00EHVGE",
    "f": "698S888", "g": "0FHHF1E", "h": "GGMPHHH", "i": "40C444E", "j": "20622IC",
    "k": "GGIKOKI", "l": "C44444E", "m": "00QLLHH", "n": "00MPHHH", "o": "00EHHHE",
    "p": "00UHUGG", "q": "00DJF11", "r": "00MPGGG", "s": "00EGE1U", "t": "88S8896",
    "u": "00HHHJD", "v": "00HHHA4", "w": "00HHLLA", "x": "00HA4AH", "y": "00HHF1E",
    "z": "00V248V", "A": "EHHVHHH", "B": "UHHUHHU", "C": "EHGGGHE", "D": "SIHHHIS",
    "E": "VGGUGGV", "F": "VGGUGGG", "G": "EHGNHHF", "H": "HHHVHHH", "I": "E44444E",
    "J": "72222IC", "K": "HIKOKIH", "L": "GGGGGGV", "M": "HRLLHHH", "N": "HHPLJHH",
    "O": "EHHHHHE", "P": "UHHUGGG", "Q": "EHHHLID", "R": "UHHUKIH", "S": "FGGE11U",
    "T": "V444444", "U": "HHHHHHE", "V": "HHHHHA4", "W": "HHHLLLA", "X": "HHA4AHH",
    "Y": "HHHA444", "Z": "V1248GV", "0": "EHJLPHE", "1": "4C4444E", "2": "EH1248V",
    "3": "V2421HE", "4": "26AIV22", "5": "VGU11HE", "6": "68GUHHE", "7": "V124888",
    "8": "EHHEHHE", "9": "EHHF12C", " ": "0000000", "-": "000V000", "_": "000000V",
    ".": "00000CC", ",": "0000C48", ":": "0CC0CC0", "'": "4480000", "#": "AAVAVAA", "+": "044V440",
    "/": "01248G0", "(": "2488842", ")": "8422248",
  ]
  /// What stands for every other character.
  private static let unknown = "VHHHHHV"

  /// A name in letters that can be drawn: marks on Latin letters are left off. Nil where most letters
  /// are of another script.
  static func plain(_ text: String) -> String? {
    let known = text.map { letters[$0] == nil ? base($0) : $0 }
    guard 2 * known.count(where: { $0 == nil }) <= text.count else { return nil }
    return String(zip(text, known).map { $1 ?? $0 })
  }

  /// `e` of `é`, by the name that Unicode gives the letter.
  private static func base(_ letter: Character) -> Character? {
    guard let words = letter.unicodeScalars.first?.properties.name?.split(separator: " "),
      words.count >= 4, words[0] == "LATIN", words[2] == "LETTER", words[3].count == 1
    else { return nil }
    let base = words[1] == "SMALL" ? words[3].lowercased() : String(words[3])
    return base.first.flatMap { letters[$0] == nil ? nil : $0 }
  }

  /// Parts a text into lines of at most `length` letters, where it has a gap if one is near; what needs
  /// more lines than `most` is cut.
  static func lines(_ text: String, length: Int, most: Int) -> [String] {
    var lines: [String] = []
    var rest = Substring(text)
    while rest.count > length, lines.count < most - 1 {
      let head = rest.prefix(length)
      let gap = head.lastIndex { " -_/".contains($0) }.map { head.index(after: $0) }
      let isNear = gap.map { head.distance(from: head.startIndex, to: $0) > length / 2 } ?? false
      let end = isNear ? gap ?? head.endIndex : head.endIndex
      lines.append(String(rest[..<end]))
      rest = rest[end...]
    }
    if rest.count > length { rest = rest.prefix(length - 2) + ".." }
    return lines + [String(rest)]
  }

  static let height = 7
  /// A letter and the gap after it.
  static let advance = 6

  /// Draws one line of text with its top-left corner at (x, y), each of its pixels `scale` wide.
  static func draw(_ text: String, into image: inout Image, x: Int, y: Int, scale: Int) {
    for (place, letter) in text.enumerated() {
      for (row, digit) in (letters[letter] ?? unknown).enumerated() {
        let bits = digit.wholeNumberValue ?? Int(digit.asciiValue ?? 0) - 0x41 + 10
        for column in 0..<5 where bits >> (4 - column) & 1 == 1 {
          fill(&image, x + (place * advance + column) * scale, y + row * scale, scale)
        }
      }
    }
  }

  private static func fill(_ image: inout Image, _ x: Int, _ y: Int, _ side: Int) {
    for row in y..<min(y + side, image.height) {
      for column in x..<min(x + side, image.width) {
        for channel in 0..<image.channels { image[column, row, channel] = 40 }
      }
    }
  }
}
