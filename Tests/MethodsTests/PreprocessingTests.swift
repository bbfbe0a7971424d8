import Artifacts
import Imaging
import Methods
import Platform
import Testing

/// A model carries how shard resized its faces, so that predict can do the same.
@Suite struct PreprocessingTests {
  private let place = Fault.Place("model.safetensors")

  private func shards(_ size: Int, _ filter: String) -> JSONValue {
    ["size": .integer(size), "filter": .string(filter), "alignment": ["size": 112]]
  }

  @Test func shardsFilterTravelsInTheModel() throws {
    let resizing = try #require(
      try Preprocessing.resizing(ofShards: shards(48, "nearest"), imageSize: 48, at: place))
    #expect(resizing == .init(size: 48, filter: .nearest))
    let stored = Preprocessing(imageSize: 48, alignment: ["size": 112], resizing: resizing)
    #expect(stored.json["resized"] == ["size": 48, "filter": "nearest"])
    #expect(try Preprocessing(json: stored.json, at: place) == stored)
  }

  /// One bilinear step from the aligned size to the input's gives the same pixels: models of such
  /// shards say what they said before.
  @Test func aPlainBilinearStepNeedsNoWord() throws {
    #expect(
      try Preprocessing.resizing(ofShards: shards(48, "bilinear"), imageSize: 48, at: place) == nil)
    #expect(
      try Preprocessing.resizing(ofShards: shards(112, "nearest"), imageSize: 112, at: place)
        == nil)
    #expect(
      try Preprocessing.resizing(ofShards: shards(48, "bilinear"), imageSize: 64, at: place)
        == .init(size: 48, filter: .bilinear))
    #expect(Preprocessing(imageSize: 48).json["resized"] == nil)
  }

  @Test func anUnknownFilterIsAnError() throws {
    #expect(throws: Fault.self) {
      try Preprocessing.resizing(ofShards: shards(48, "sharp"), imageSize: 48, at: place)
    }
    var json = Preprocessing(imageSize: 48).json
    json["resized"] = ["size": 48, "filter": "sharp"]
    let fault = #expect(throws: Fault.self) { try Preprocessing(json: json, at: place) }
    #expect(fault?.message.contains("sharp") == true)
  }
}
