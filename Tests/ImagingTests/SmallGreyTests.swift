import Imaging
import Platform
import Testing

@Test func regularTextOfPixelsReadsAndAnythingElseIsLeftToOthers() throws {
  let values = (0..<2304).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 7) }
  let text = values.map { String($0) }.joined(separator: " ")
  #expect(SmallGrey.pixels(Array(text.utf8), count: 2304) == values)
  // Every length of text around the blocks of 64 bytes that are looked at together.
  for count in 1...200 {
    let part = Array(values[..<count])
    let words = Array(part.map { String($0) }.joined(separator: " ").utf8)
    #expect(SmallGrey.pixels(words, count: count) == part)
    #expect(SmallGrey.pixels(words, count: count + 1) == nil)
    #expect(count == 1 || SmallGrey.pixels(words, count: count - 1) == nil)
  }
  for odd in [
    "", " ", "1", "1 ", " 1 2", "1  2", "1 256", "999 1", "1 2 3", "1,2", "1 a", "0001 2",
  ] {
    #expect(SmallGrey.pixels(Array(odd.utf8), count: 2) == nil, "'\(odd)'")
  }
  #expect(SmallGrey.pixels(Array("255 000".utf8), count: 2) == [255, 0])
}

@Test func storedPNGsDecodeToTheirPixels() throws {
  // The largest has several stored blocks.
  for (width, height) in [(1, 1), (48, 48), (7, 3), (300, 500)] {
    let pixels = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    let image = try Image.decode(
      SmallGrey.storedPNG(pixels, width: width, height: height), name: "stored", as: .asStored)
    #expect(image.width == width && image.height == height && image.channels == 1)
    #expect(image.pixels == pixels)
  }
}
