import Artifacts
import Platform

/// CLIP's two transformer towers (Radford et al. 2021): OpenAI's names, as in open_clip.
///
/// Hugging Face keeps queries, keys and values apart, transposes the projections and has other names.
package struct CLIPNames: NameTable {
  /// A visual tower's sizes.
  package struct Tower: Sendable {
    var name: String
    var width: Int
    var layers: Int
    var patch: Int
    var embedding: Int

    package init(name: String, width: Int, layers: Int, patch: Int, embedding: Int) {
      self.name = name
      self.width = width
      self.layers = layers
      self.patch = patch
      self.embedding = embedding
    }
  }
  /// The visual tower that is asked for; nil takes any size, and either tower alone.
  let tower: Tower?

  package init(tower: Tower?) { self.tower = tower }

  package var marks: [String] {
    [
      "visual.conv1.weight", "token_embedding.weight",
      "vision_model.embeddings.patch_embedding.weight",
      "text_model.embeddings.token_embedding.weight",
    ]
  }

  private static let unused: [String: String] = [
    "input_resolution": "a size", "context_length": "a size", "vocab_size": "a size",
    "attn_mask": "computed from the sizes", "logit_bias": "not a part of CLIP",
  ]

  package func place(_ given: String, rank: Int) -> TensorPlace? {
    // open_clip's models with a custom text tower call it `text.`.
    let name = given.hasPrefix("text.") ? String(given.dropFirst(5)) : given
    if let reason = Self.unused[name] { return .unused(reason) }
    if name.hasSuffix(".position_ids") { return .unused("computed from the sizes") }
    if name.hasPrefix("vision_model.") || name.hasPrefix("text_model.") {
      return huggingFace(name)
    }
    switch name {
    case "visual_projection.weight": return .whole("visual.proj", .reversed)
    case "text_projection.weight": return .whole("text_projection", .reversed)
    case "text_projection", "logit_scale", "positional_embedding", "token_embedding.weight",
      "ln_final.weight", "ln_final.bias":
      return .whole(name)
    default:
      return name.hasPrefix("visual.") || name.hasPrefix("transformer.resblocks.")
        ? .whole(name) : nil
    }
  }

  private static let outer: [String: String] = [
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
  ]

  private func huggingFace(_ name: String) -> TensorPlace? {
    if let known = Self.outer[name] { return .whole(known) }
    let parts = name.split(separator: ".").map(String.init)
    guard parts.count >= 6, parts[1] == "encoder", parts[2] == "layers" else { return nil }
    let tower = parts[0] == "vision_model" ? "visual.transformer" : "transformer"
    let block = "\(tower).resblocks.\(parts[3])"
    let rest = parts[4...].joined(separator: ".")
    for (index, letter) in ["q", "k", "v"].enumerated() {
      for kind in ["weight", "bias"] where rest == "self_attn.\(letter)_proj.\(kind)" {
        return .part("\(block).attn.in_proj_\(kind)", index, of: 3)
      }
    }
    let layers = [
      "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
      "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
    ]
    guard let kind = parts.last, ["weight", "bias"].contains(kind),
      let layer = layers[parts[4..<(parts.count - 1)].joined(separator: ".")]
    else { return nil }
    return .whole("\(block).\(layer).\(kind)")
  }

  package func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
    var layout = ArchitectureLayout()
    let hasImage = tower != nil || shapes["visual.conv1.weight"] != nil
    let hasText = shapes["token_embedding.weight"] != nil
    if hasImage { addImage(shapes, &layout) }
    if hasText { addText(shapes, &layout) }
    layout.add("logit_scale", [])
    layout.optional.insert("logit_scale")
    if shapes["visual.layer1.0.conv1.weight"] != nil {
      layout.objection = "this CLIP has a residual network for images, which Ferry does not run"
    }
    return layout
  }

  private func addImage(_ shapes: [String: [Int]], _ layout: inout ArchitectureLayout) {
    let kernel = shapes["visual.conv1.weight"] ?? [768, 3, 16, 16]
    let width = kernel.first ?? 768
    let patch = kernel.last ?? 16
    let positions = shapes["visual.positional_embedding"]?.first ?? 197
    let embedding = shapes["visual.proj"]?.last ?? tower?.embedding ?? 512
    let layers = max(1, Layers.count(shapes.keys, "visual.transformer.resblocks."))
    layout.add("visual.class_embedding", [width])
    layout.add("visual.positional_embedding", [positions, width])
    layout.add("visual.proj", [width, embedding])
    layout.add("visual.conv1.weight", [width, 3, patch, patch])
    layout.addPair("visual.ln_pre", [width])
    addBlocks("visual.transformer.resblocks", width, layers, shapes, &layout)
    layout.addPair("visual.ln_post", [width])
    let side = Layers.root(positions - 1)
    layout.configuration["image"] = [
      "width": .integer(width), "layers": .integer(layers), "patch": .integer(patch),
      "heads": .integer(max(1, width / 64)), "image_size": .integer(side * patch),
      "embedding": .integer(embedding),
    ]
    guard let tower else { return }
    if tower.width != width || tower.layers != layers || tower.patch != patch {
      layout.objection =
        "the visual tower has width \(width), \(layers) layers and patch \(patch); \(tower.name) "
        + "has width \(tower.width), \(tower.layers) layers and patch \(tower.patch)"
    }
  }

  private func addText(_ shapes: [String: [Int]], _ layout: inout ArchitectureLayout) {
    let table = shapes["token_embedding.weight"] ?? [49408, 512]
    let width = table.last ?? 512
    let context = shapes["positional_embedding"]?.first ?? 77
    let embedding = shapes["text_projection"]?.last ?? 512
    let layers = max(1, Layers.count(shapes.keys, "transformer.resblocks."))
    layout.add("token_embedding.weight", [table.first ?? 49408, width])
    layout.add("positional_embedding", [context, width])
    addBlocks("transformer.resblocks", width, layers, shapes, &layout)
    layout.addPair("ln_final", [width])
    layout.add("text_projection", [width, embedding])
    layout.configuration["text"] = [
      "width": .integer(width), "layers": .integer(layers), "heads": .integer(max(1, width / 64)),
      "vocabulary": .integer(table.first ?? 0), "context": .integer(context),
      "embedding": .integer(embedding),
    ]
  }

  private func addBlocks(
    _ name: String, _ width: Int, _ layers: Int, _ shapes: [String: [Int]],
    _ layout: inout ArchitectureLayout
  ) {
    let hidden = shapes["\(name).0.mlp.c_fc.weight"]?.first ?? 4 * width
    for layer in 0..<layers {
      let block = "\(name).\(layer)"
      layout.addPair("\(block).ln_1", [width])
      layout.add("\(block).attn.in_proj_weight", [3 * width, width])
      layout.add("\(block).attn.in_proj_bias", [3 * width])
      layout.addPair("\(block).attn.out_proj", [width, width])
      layout.addPair("\(block).ln_2", [width])
      layout.addPair("\(block).mlp.c_fc", [hidden, width])
      layout.addPair("\(block).mlp.c_proj", [width, hidden])
    }
  }
}
