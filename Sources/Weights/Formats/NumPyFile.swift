import Artifacts
import Platform

/// `.npy` and `.npz` files.
enum NumPyFile {
  /// The tensors of one `.npy` file: one, or several where it holds a pickled map of arrays.
  ///
  /// - Parameter name: the name of a single array.
  /// - Throws: `Fault` for arrays of other Python objects; their pickles are not read.
  static func tensors(_ bytes: WeightBytes, name: String, file: String) throws -> [WeightTensor] {
    let header = try bytes.withBytes { try NumPyHeader($0, file: file) }
    let data = try bytes.slice(header.dataStart..<bytes.count)
    switch header.type.element {
    case .number(let type):
      let tensor = try WeightTensor(
        name: name, type: type, shape: header.shape,
        strides: header.isColumnOrder ? WeightTensor.columnOrder(header.shape) : nil,
        isBigEndian: header.type.isBigEndian, bytes: data, file: file)
      guard tensor.count * type.width == data.count else {
        throw Fault(
          .badInput,
          "the array has \(data.count) bytes, its shape \(header.shape) needs "
            + "\(tensor.count * type.width)", at: .init(file))
      }
      return [tensor]
    case .object:
      guard header.shape.isEmpty else { throw objects(file) }
      let document = try Unpickler.read(data, globals: .numpy, file: file)
      guard case .array(let index) = document.root,
        case .objects(let items) = document.arrays[index].content, items.count == 1,
        case .map = items[0]
      else { throw objects(file) }
      let found = try TensorWalk.tensors(of: items[0], in: document, file: file)
      if let first = found.unread.first { throw first.fault }
      return found.tensors
    }
  }

  private static func objects(_ file: String) -> Fault {
    Fault(
      .badInput, "an array of Python objects: only a single map of arrays is read",
      at: .init(file), remedy: "save arrays of numbers, or a .npz file")
  }

  /// The tensors of a `.npz` archive, by their entries' names without `.npy`.
  static func archive(_ zip: WeightZipIndex) throws -> [WeightTensor] {
    try zip.entries.flatMap { entry -> [WeightTensor] in
      let place = "\(zip.path)/\(entry.name)"
      guard entry.name.hasSuffix(".npy") else {
        throw Fault(.badInput, "a .npz archive holds only .npy files", at: .init(place))
      }
      let name = String(entry.name.dropLast(4))
      let bytes = zip.bytes(entry)
      guard case .packed = bytes else { return try tensors(bytes, name: name, file: place) }
      return try packed(bytes, name: name, file: place)
    }
  }

  /// A compressed array: its header is read now, and its data whenever they are asked for.
  private static func packed(_ bytes: WeightBytes, name: String, file: String) throws
    -> [WeightTensor]
  {
    let header = try bytes.withBytes { try NumPyHeader($0, file: file) }
    guard case .number(let type) = header.type.element else { throw objects(file) }
    guard header.dataStart % type.width == 0 else {
      return try tensors(try bytes.unpacked(), name: name, file: file)
    }
    let first = header.dataStart / type.width
    let tensor = try WeightTensor(
      name: name, type: type, shape: header.shape,
      strides: header.isColumnOrder ? WeightTensor.columnOrder(header.shape) : nil,
      offset: first, isBigEndian: header.type.isBigEndian, bytes: bytes, file: file)
    guard tensor.count * type.width == bytes.count - header.dataStart else {
      throw Fault(
        .badInput, "the array's shape \(header.shape) does not fit its data", at: .init(file))
    }
    return [tensor]
  }
}
