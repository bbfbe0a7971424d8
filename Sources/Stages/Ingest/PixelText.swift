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
    ".": "00000CC", "+": "044V440", "/": "01248G0", "(": "2488842", ")": "8422248",
  ]
  /// What stands for every other character.
  private static let unknown = "VHHHHHV"

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
