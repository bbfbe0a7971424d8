import Artifacts
import Platform
import Weights

/// Swin Transformers (Liu et al. 2021): timm's names, without the classifier.
///
/// The original code and early timm put a stage's merging layer at its end
/// (`layers.0.downsample`), timm since 0.9 at the beginning of the next (`layers.1.downsample`), which
/// is the canonical place. The face network adds `feature.0` to `feature.3` behind the pooling: two
/// linear layers without bias, each with a batch normalisation.
struct SwinNames: NameTable {
  let isFace: Bool

  var marks: [String] { ["patch_embed.proj.weight"] }

  func place(_ name: String, rank: Int) -> TensorPlace? {
    if name.hasSuffix(".relative_position_index") || name.hasSuffix(".attn_mask") {
      return .unused("computed from the sizes")
    }
    if name.hasSuffix(".num_batches_tracked") { return .unused("a count of training batches") }
    let parts = name.split(separator: ".")
    switch parts.first {
    case "head": return .unused("the classifier")
    case "patch_embed", "layers", "norm": return .whole(name)
    case "feature" where isFace: return .whole(name)
    default: return nil
    }
  }

  /// Moves the merging layers of the original code to timm's place.
  func renamed(_ names: [String]) -> [String: String] {
    guard names.contains("layers.0.downsample.reduction.weight") else { return [:] }
    var moved: [String: String] = [:]
    for name in names {
      let parts = name.split(separator: ".")
      guard parts.count > 3, parts[0] == "layers", parts[2] == "downsample",
        let stage = Int(parts[1])
      else { continue }
      moved[name] = "layers.\(stage + 1).\(parts[2...].joined(separator: "."))"
    }
    return moved
  }

  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
    var layout = ArchitectureLayout()
    let patch = shapes["patch_embed.proj.weight"] ?? [96, 3, 4, 4]
    let width = patch.first ?? 96
    let size = patch.last ?? 4
    layout.addPair("patch_embed.proj", [width, 3, size, size], bias: width)
    layout.addPair("patch_embed.norm", [width])
    var depths: [Int] = []
    var heads: [Int] = []
    var window = 7
    for stage in 0..<4 {
      let channels = width << stage
      if stage > 0 {
        layout.addPair("layers.\(stage).downsample.norm", [2 * channels])
        layout.add("layers.\(stage).downsample.reduction.weight", [channels, 2 * channels])
      }
      let depth = max(1, Layers.count(shapes.keys, "layers.\(stage).blocks."))
      let table = shapes["layers.\(stage).blocks.0.attn.relative_position_bias_table"]
      let rows = table?.first ?? 169
      if stage == 0 { window = (Layers.root(rows) + 1) / 2 }
      let head = table?.last ?? 3 << stage
      for block in 0..<depth {
        let own = "layers.\(stage).blocks.\(block).attn.relative_position_bias_table"
        addBlock(
          "layers.\(stage).blocks.\(block)", channels,
          table: [shapes[own]?.first ?? rows, head], &layout)
      }
      depths.append(depth)
      heads.append(head)
    }
    let features = width << 3
    layout.addPair("norm", [features])
    let outputs = isFace ? addFeatures(features, shapes, &layout) : features
    layout.configuration = [
      "depths": JSONValue(depths), "heads": JSONValue(heads), "width": .integer(width),
      "patch": .integer(size), "window": .integer(window), "features": .integer(outputs),
    ]
    return layout
  }

  private func addBlock(
    _ name: String, _ width: Int, table: [Int], _ layout: inout ArchitectureLayout
  ) {
    layout.addPair("\(name).norm1", [width])
    layout.add("\(name).attn.relative_position_bias_table", table)
    layout.addPair("\(name).attn.qkv", [3 * width, width])
    layout.addPair("\(name).attn.proj", [width, width])
    layout.addPair("\(name).norm2", [width])
    layout.addPair("\(name).mlp.fc1", [4 * width, width])
    layout.addPair("\(name).mlp.fc2", [width, 4 * width])
  }

  /// Adds the face network's end and returns its width.
  private func addFeatures(
    _ width: Int, _ shapes: [String: [Int]], _ layout: inout ArchitectureLayout
  ) -> Int {
    let outputs = shapes["feature.2.weight"]?.first ?? 512
    layout.add("feature.0.weight", [width, width])
    layout.addNorm("feature.1", width)
    layout.add("feature.2.weight", [outputs, width])
    layout.addNorm("feature.3", outputs)
    return outputs
  }
}
