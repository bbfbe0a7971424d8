import Artifacts

/// The names that a pickle may refer to, each with the little that Ferry does when it is called.
///
/// Nothing of Python runs: a name outside this list is refused before anything is done with it.
enum PickleGlobal: Sendable, Equatable {
  case orderedMap
  /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`.
  case rebuildTensor
  /// `torch._utils._rebuild_parameter`.
  case rebuildParameter
  /// A storage class; nil for the untyped one.
  case storage(ElementType?)
  /// `torch.Size`: a tuple.
  case size
  /// A mere word, such as `torch.float32`.
  case symbol(String)
  /// `torch.device`, called with its name.
  case device
  case rebuildArray
  case arrayClass
  case arrayType
  case scalar
  /// `_codecs.encode`, called with text and `latin1`.
  case encode
  /// `torch.jit._pickle.build_*list`, called with a list.
  case scriptList
  /// `torch.jit._pickle.restore_type_tag`, called with a value and its type's name.
  case typeTag
  /// A class that only its name is kept of.
  case plainClass(String)
}

/// A list of allowed names.
struct PickleGlobals: Sendable {
  private let takesScript: Bool
  private let takesTorch: Bool

  /// Arrays alone.
  static let numpy = PickleGlobals(takesScript: false, takesTorch: false)
  /// Tensors and arrays.
  static let torch = PickleGlobals(takesScript: false, takesTorch: true)
  /// Tensors and the modules of a TorchScript archive.
  static let script = PickleGlobals(takesScript: true, takesTorch: true)

  private static let common: [String: PickleGlobal] = {
    var known: [String: PickleGlobal] = [
      "collections.OrderedDict": .orderedMap, "numpy.ndarray": .arrayClass,
      "numpy.dtype": .arrayType, "_codecs.encode": .encode,
    ]
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
      known["\(module)._reconstruct"] = .rebuildArray
      known["\(module).scalar"] = .scalar
    }
    return known
  }()

  private static let torchOnly: [String: PickleGlobal] = {
    var known: [String: PickleGlobal] = [
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensor,
      "torch._utils._rebuild_parameter": .rebuildParameter, "torch.Size": .size,
      "torch.device": .device, "torch.storage.UntypedStorage": .storage(nil),
      "argparse.Namespace": .plainClass("argparse.Namespace"),
    ]
    let storages: [(String, ElementType)] = [
      ("Float", .float32), ("Double", .float64), ("Half", .float16), ("BFloat16", .bfloat16),
      ("Long", .int64), ("Int", .int32), ("Short", .int16), ("Char", .int8), ("Byte", .uint8),
      ("Bool", .bool),
    ]
    for (name, type) in storages {
      known["torch.\(name)Storage"] = .storage(type)
      known["torch.cuda.\(name)Storage"] = .storage(type)
    }
    for word in [
      "float16", "float32", "float64", "bfloat16", "uint8", "int8", "int16", "int32", "int64",
      "bool", "strided", "contiguous_format", "preserve_format", "channels_last",
    ] {
      known["torch.\(word)"] = .symbol(word)
    }
    return known
  }()

  func find(module: String, name: String) -> PickleGlobal? {
    let full = "\(module).\(name)"
    if let known = Self.common[full] { return known }
    guard takesTorch else { return nil }
    if let known = Self.torchOnly[full] { return known }
    guard takesScript else { return nil }
    if module == "__torch__" || module.hasPrefix("__torch__.") { return .plainClass(full) }
    guard module == "torch.jit._pickle" else { return nil }
    switch name {
    case "build_intlist", "build_doublelist", "build_boollist", "build_tensorlist":
      return .scriptList
    case "restore_type_tag": return .typeTag
    default: return nil
    }
  }
}
