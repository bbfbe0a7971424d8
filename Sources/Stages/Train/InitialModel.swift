import Artifacts
import Imaging
import Methods
import Networks
import Neural
import Platform

/// The model that a run starts from: one that was trained, or weights that were imported.
struct InitialModel {
  private enum Source {
    case trained(ModelFile)
    /// What ferry-import made: an encoder's tensors, and no method.
    case imported(SafetensorsFile)
  }
  private let source: Source

  init(_ path: String) throws {
    let file = Files.isDirectory(path) ? Files.join(path, ModelFile.fileName) : path
    if Files.exists(file), let tensors = try? SafetensorsFile(file),
      tensors.metadata["ferry.weights"] != nil
    {
      source = .imported(tensors)
    } else {
      source = .trained(try ModelFile(path))
    }
  }

  /// How the imported weights' pictures were prepared, where that is their own.
  func normalisation() throws -> Normalisation? {
    guard case .imported(let tensors) = source, let text = tensors.metadata["ferry.weights"] else {
      return nil
    }
    return Normalisation(published: try JSONValue.parse(Array(text.utf8), file: tensors.path))
  }

  /// Copies the encoder's weights, and the method's where method and classes are the same.
  ///
  /// - Throws: `Fault` where the encoder's tensors are missing or of another shape.
  func fill(
    _ encoder: VisualEncoder, _ objective: any Objective, description: ModelDescription,
    note: (String) -> Void
  ) throws {
    switch source {
    case .imported(let tensors):
      for named in encoder.layer.state {
        try ModelFile.load(named.name, from: tensors, into: named.tensor)
      }
      note("the encoder starts from imported weights, the method's own weights start fresh")
    case .trained(let file): try fill(encoder, objective, from: file, description, note)
    }
  }

  private func fill(
    _ encoder: VisualEncoder, _ objective: any Objective, from file: ModelFile,
    _ description: ModelDescription, _ note: (String) -> Void
  ) throws {
    for named in encoder.layer.state { try file.load(named.name, into: named.tensor) }
    let theirs = file.description
    guard theirs.method == description.method, theirs.classes == description.classes,
      objective.parameters.allSatisfy({ file.tensors[$0.name]?.shape == $0.value.shape })
    else {
      note("the method's own weights start fresh: the initial model has another method or classes")
      return
    }
    for parameter in objective.parameters { try file.load(parameter.name, into: parameter.value) }
  }
}
