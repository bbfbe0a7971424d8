import Artifacts

/// The names that a pickle may refer to, each with the little that Ferry does when it is called.
///
/// Nothing of Python runs: whatever a name outside this list would make stays opaque.
enum PickleGlobal: Sendable, Equatable {
  case orderedMap
  /// `collections.defaultdict`, called with what makes its values: a map, empty at first.
  case emptyMap
  /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`.
  case rebuildTensor
  /// `torch._utils._rebuild_tensor_v3`: a storage of bytes, and the element type beside it.
  case rebuildTyped
  /// `torch._utils._rebuild_parameter`, and the form that keeps attributes.
  case rebuildParameter
  /// `torch._tensor._rebuild_from_type_v2(function, type, arguments, state)`: a tensor with
  /// attributes.
  case rebuildFromType
  /// What makes a tensor that Ferry does not read: what it is.
  case rebuildOther(String)
  /// A storage class.
  case storage(StorageType)
  /// `torch.Size`: a tuple.
  case size
  /// A mere word, such as `torch.float32`.
  case symbol(String)
  /// `torch.device`, called with its name.
  case device
  case rebuildArray
  /// `numpy._core.numeric._frombuffer(bytes, type, shape, order)`.
  case arrayOfBytes
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
  /// A name outside the list; nothing is done with it.
  case opaque(String)
}

/// A list of known names.
struct PickleGlobals: Sendable {
  /// Whether a name outside the list is refused where it stands, instead of staying opaque.
  let isStrict: Bool
  private let takesScript: Bool
  private let takesTorch: Bool

  /// Arrays alone, and nothing else.
  static let numpy = PickleGlobals(
    isStrict: true, takesScript: false, takesTorch: false)
  /// Tensors and arrays.
  static let torch = PickleGlobals(
    isStrict: false, takesScript: false, takesTorch: true)
  /// Tensors and the modules of a TorchScript archive.
  static let script = PickleGlobals(
    isStrict: false, takesScript: true, takesTorch: true)

  private static let common: [String: PickleGlobal] = {
    var known: [String: PickleGlobal] = [
      "collections.OrderedDict": .orderedMap, "numpy.ndarray": .arrayClass,
      "numpy.dtype": .arrayType, "_codecs.encode": .encode, "collections.defaultdict": .emptyMap,
    ]
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
      known["\(module)._reconstruct"] = .rebuildArray
      known["\(module).scalar"] = .scalar
    }
    for module in ["numpy.core.numeric", "numpy._core.numeric"] {
      known["\(module)._frombuffer"] = .arrayOfBytes
    }
    return known
  }()

  private static let torchOnly: [String: PickleGlobal] = {
    var known: [String: PickleGlobal] = [
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensor,
      "torch._utils._rebuild_tensor_v3": .rebuildTyped,
      "torch._utils._rebuild_parameter": .rebuildParameter,
      "torch._utils._rebuild_parameter_with_state": .rebuildParameter,
      "torch._tensor._rebuild_from_type_v2": .rebuildFromType, "torch.Size": .size,
      "torch.device": .device, "argparse.Namespace": .plainClass("argparse.Namespace"),
      "torch.storage.UntypedStorage":
        .storage(StorageType(name: "Untyped", element: nil, width: 1)),
    ]
    for (name, what) in [
      ("sparse_tensor", "a sparse tensor"), ("sparse_csr_tensor", "a sparse tensor"),
      ("qtensor", "a quantised tensor"), ("nested_tensor", "a nested tensor"),
      ("meta_tensor_no_storage", "a tensor without data"),
    ] {
      known["torch._utils._rebuild_\(name)"] = .rebuildOther(what)
    }
    let storages: [(String, ElementType?, Int)] = [
      ("Float", .float32, 4), ("Double", .float64, 8), ("Half", .float16, 2),
      ("BFloat16", .bfloat16, 2), ("Long", .int64, 8), ("Int", .int32, 4), ("Short", .int16, 2),
      ("Char", .int8, 1), ("Byte", .uint8, 1), ("Bool", .bool, 1), ("ComplexFloat", nil, 8),
      ("ComplexDouble", nil, 16), ("QInt8", nil, 1), ("QUInt8", nil, 1), ("QInt32", nil, 4),
      ("QUInt4x2", nil, 1), ("QUInt2x4", nil, 1),
    ]
    for (name, element, width) in storages {
      let type = StorageType(name: name, element: element, width: width)
      known["torch.\(name)Storage"] = .storage(type)
      known["torch.cuda.\(name)Storage"] = .storage(type)
    }
    for word in [
      "float16", "float32", "float64", "bfloat16", "uint8", "uint16", "uint32", "uint64", "int8",
      "int16", "int32", "int64", "bool", "strided", "contiguous_format", "preserve_format",
      "channels_last",
    ] {
      known["torch.\(word)"] = .symbol(word)
    }
    return known
  }()

  /// The element type of `torch.NAME`.
  static func element(_ word: String) -> ElementType? {
    let types: [String: ElementType] = [
      "float16": .float16, "float32": .float32, "float64": .float64, "bfloat16": .bfloat16,
      "uint8": .uint8, "uint16": .uint16, "uint32": .uint32, "uint64": .uint64, "int8": .int8,
      "int16": .int16, "int32": .int32, "int64": .int64, "bool": .bool,
    ]
    return types[word]
  }

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
