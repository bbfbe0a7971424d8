import Artifacts
import Platform

/// A folder of weights: an artifact, a model as Hugging Face lays it out, or several plain files.
enum WeightFolder {
  private static let weightSuffixes = [
    ".safetensors", ".pth", ".pt", ".bin", ".npy", ".npz", ".pth.tar", ".pkl",
  ]

  static func open(_ directory: String) throws -> WeightFile {
    let names = try Files.list(directory).filter {
      !$0.hasPrefix(".") && Files.status(Files.join(directory, $0))?.kind == .file
    }
    if let single = single(names) {
      return try WeightFile.open(Files.join(directory, single), depth: 0)
    }
    let files = names.filter { name in weightSuffixes.contains { name.hasSuffix($0) } }
    guard !files.isEmpty else {
      throw Fault(
        .badInput, "the folder '\(directory)' holds no weights",
        remedy: "give a folder with safetensors, .pth, .pt, .npy or .npz files")
    }
    if files.count == 1 { return try WeightFile.open(Files.join(directory, files[0]), depth: 0) }
    var tensors: [WeightTensor] = []
    for name in files {
      let file = try WeightFile.open(Files.join(directory, name), depth: 1)
      let stem = WeightFile.stem(name)
      for var tensor in file.tensors {
        tensor.name = file.format == .numpy && tensor.name == stem ? stem : "\(stem).\(tensor.name)"
        tensors.append(tensor)
      }
    }
    return try WeightFile(directory, .folder, tensors)
  }

  /// The one file that stands for all: an index, a manifest, or the model under its usual name.
  private static func single(_ names: [String]) -> String? {
    for name in [
      "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
      "pytorch_model.bin.index.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin",
    ] where names.contains(name) {
      return name
    }
    let manifests = names.filter { $0.hasSuffix("weights_manifest.json") }
    return manifests.count == 1 ? manifests[0] : nil
  }
}
