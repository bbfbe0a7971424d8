import Artifacts
import Platform

/// BERT and the text towers made of it (ALIGN, BLIP): Hugging Face's BERT names, and
/// `text_projection` for a projection.
struct BERTNames: NameTable {
  enum Kind: Sendable { case plain, align, blip }
  let kind: Kind

  var marks: [String] {
    ([""] + Self.towers).map { $0 + "embeddings.word_embeddings.weight" }
  }

  /// Where the text tower stands in the joint models.
  private static let towers = ["text_model.", "text_encoder.", "bert."]

  func place(_ given: String, rank: Int) -> TensorPlace? {
    var name = given
    for tower in Self.towers where name.hasPrefix(tower) {
      name = String(name.dropFirst(tower.count))
    }
    // TensorFlow's words for the two vectors of a normalisation.
    for (old, new) in [
      ("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"),
    ]
    where name.hasSuffix(old) {
      name = name.dropLast(old.count) + new
    }
    if name.hasSuffix("position_ids") || name.hasSuffix("token_type_ids") {
      return .unused("computed from the sizes")
    }
    if kind == .blip, name.contains(".crossattention.") {
      return .unused("attends to images, which a text embedding does not")
    }
    if name.hasPrefix("embeddings.") || name.hasPrefix("encoder.layer.")
      || name.hasPrefix("pooler.dense.")
    {
      return .whole(name)
    }
    if kind != .plain { return joint(name) }
    return name.hasPrefix("cls.") ? .unused("the pre-training head") : nil
  }

  private func joint(_ name: String) -> TensorPlace? {
    for projection in ["text_projection.", "text_proj."] where name.hasPrefix(projection) {
      return .whole("text_projection." + name.dropFirst(projection.count))
    }
    for other in ["vision_model.", "visual_encoder.", "vision_proj", "visual_projection."]
    where name.hasPrefix(other) {
      return .unused("the image tower")
    }
    for other in [
      "temperature", "temp", "logit_scale", "itm_head.", "cls.", "text_decoder.", "text_queue",
      "image_queue", "ptr_queue",
    ] where name.hasPrefix(other) {
      return .unused("a pre-training head")
    }
    return nil
  }

  func layout(_ shapes: [String: [Int]]) -> ArchitectureLayout {
    var layout = ArchitectureLayout()
    let words = shapes["embeddings.word_embeddings.weight"] ?? [30522, 768]
    let width = words.last ?? 768
    let positions = shapes["embeddings.position_embeddings.weight"]?.first ?? 512
    let types = shapes["embeddings.token_type_embeddings.weight"]?.first ?? 2
    layout.add("embeddings.word_embeddings.weight", [words.first ?? 30522, width])
    layout.add("embeddings.position_embeddings.weight", [positions, width])
    layout.add("embeddings.token_type_embeddings.weight", [types, width])
    // BLIP's text encoder has no token types.
    if kind == .blip { layout.optional.insert("embeddings.token_type_embeddings.weight") }
    layout.addPair("embeddings.LayerNorm", [width])
    let layers = max(1, Layers.count(shapes.keys, "encoder.layer."))
    let hidden = shapes["encoder.layer.0.intermediate.dense.weight"]?.first ?? 4 * width
    for layer in 0..<layers { addBlock("encoder.layer.\(layer)", width, hidden, &layout) }
    layout.addPair("pooler.dense", [width, width])
    layout.optional.formUnion(["pooler.dense.weight", "pooler.dense.bias"])
    layout.configuration = [
      "width": .integer(width), "layers": .integer(layers), "hidden": .integer(hidden),
      "vocabulary": .integer(words.first ?? 0), "context": .integer(positions),
    ]
    if kind != .plain { addProjection(shapes, width, &layout) }
    return layout
  }

  private func addProjection(
    _ shapes: [String: [Int]], _ width: Int, _ layout: inout ArchitectureLayout
  ) {
    let embedding = shapes["text_projection.weight"]?.first ?? (kind == .align ? 640 : 256)
    layout.addPair("text_projection", [embedding, width])
    // Hugging Face's BlipModel projects without a bias.
    if kind == .blip { layout.optional.insert("text_projection.bias") }
    layout.configuration["embedding"] = .integer(embedding)
  }

  private func addBlock(
    _ name: String, _ width: Int, _ hidden: Int, _ layout: inout ArchitectureLayout
  ) {
    for part in ["query", "key", "value"] {
      layout.addPair("\(name).attention.self.\(part)", [width, width])
    }
    layout.addPair("\(name).attention.output.dense", [width, width])
    layout.addPair("\(name).attention.output.LayerNorm", [width])
    layout.addPair("\(name).intermediate.dense", [hidden, width])
    layout.addPair("\(name).output.dense", [width, hidden])
    layout.addPair("\(name).output.LayerNorm", [width])
  }
}
