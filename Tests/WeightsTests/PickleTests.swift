import Artifacts
import Platform
import Testing
import Weights

/// Pickles that want more than data are refused, by name, before anything is done.
@Suite struct PickleTests {
  /// A legacy PyTorch file whose object is `pickle`.
  static func legacy(_ pickle: [UInt8], after: [UInt8] = [0x80, 2, 0x5D, 0x2E]) -> [UInt8] {
    let magic: [UInt8] = [
      0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]
    let version: [UInt8] = [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E]
    let system: [UInt8] = [0x80, 2, 0x7D, 0x2E]
    return magic + version + system + pickle + after
  }

  static func open(_ bytes: [UInt8], name: String = "file.pt") -> Fault? {
    fault {
      let folder = try TemporaryDirectory()
      try Files.write(bytes, to: folder(name))
      _ = try WeightFile.open(folder(name))
    }
  }

  static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: [
    // Protocol 0: os.system('id').
    ("cos\nsystem\n(S'id'\ntR.", "os.system"),
    // INST, which calls while it names.
    ("(S'id'\nios\nsystem\n.", "os.system"),
    // Protocol 2.
    ("\u{02}", "posix.system"),
    ("c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"),
    ("cbuiltins\ngetattr\n(cos\n__dict__\nS'system'\ntR.", "builtins.getattr"),
    // A pickle inside a tensor's storage.
    ("ctorch.storage\n_load_from_bytes\n(S'x'\ntR.", "torch.storage._load_from_bytes"),
    ("csubprocess\nPopen\n(S'id'\ntR.", "subprocess.Popen"),
    ("cnumpy\nload\n(S'x'\ntR.", "numpy.load"),
    ("cnumpy.testing._private.utils\nrunstring\n.", "numpy.testing._private.utils.runstring"),
    // A class that only TorchScript archives may name.
    ("c__torch__.evil\nModule\n)R.", "__torch__.evil.Module"),
    ("ctorch._utils\n_rebuild_tensor_v2.__globals__\n.", "_rebuild_tensor_v2.__globals__"),
  ])
  func globalsAreRefusedByName(pickle: String, name: String) throws {
    let body =
      pickle == "\u{02}"
      ? [0x80, 2] + Self.text("cposix\nsystem\n") + [0x58, 2, 0, 0, 0] + Self.text("id") + [0x85]
        + Self.text("R.")
      : Self.text(pickle)
    let found = try #require(Self.open(Self.legacy(body)))
    #expect(found.message.contains("'\(name)'") || found.message.contains(name), "\(found)")
    #expect(found.message.contains("not on the list"), "\(found)")
    #expect(found.remedy?.contains("nothing was executed") == true)
    #expect(found.code == .badInput)
  }

  @Test func stackGlobalIsRefusedByName() throws {
    let pickle: [UInt8] =
      [0x80, 4, 0x8C, 2] + Self.text("os") + [0x8C, 6] + Self.text("system") + [0x93, 0x2E]
    let found = try #require(Self.open(Self.legacy(pickle)))
    #expect(found.message.contains("'os.system'"))
  }

  @Test func namesCannotMoveTheCursor() throws {
    let found = try #require(Self.open(Self.legacy(Self.text("c\u{1B}[2J\nevil\n."))))
    #expect(!found.message.unicodeScalars.contains { $0.value == 0x1B })
  }

  @Test(arguments: [
    ("opcode 'P'", "Pstorage\n."), ("calls what is no name", "(No."),
    ("opcode 0x82", "\u{0}"), ("ends early", ""), ("ends early", "]"),
    ("not there", "."), ("not there", "R."), ("mark that is not there", "t."),
    ("never kept", "h\u{1}."), ("appends to what is no list", "NNa."),
    ("sets items of what is no map", "NNNs."), ("key without a value", "(Nd."),
    ("calls what is no name", "N)R."), ("cannot be called", "cnumpy\nndarray\n)R."),
    ("wrong arguments for a tensor", "ctorch._utils\n_rebuild_tensor_v2\n)R."),
    ("other than a storage", ")Q."), ("gives a state to what takes none", "NNb."),
    ("has 'x' for a whole number", "Ix\n."),
  ])
  func nonsenseIsRefused(reason: String, pickle: String) throws {
    let body = pickle == "\u{0}" ? [0x82, 1, 0x2E] : Self.text(pickle)
    let found = try #require(Self.open(Self.legacy(body, after: [])), "\(reason)")
    #expect(found.message.contains(reason), "\(found)")
  }

  /// a = [t], b = [a, a], c = [b, b]... doubles forty times when it is walked.
  @Test func sharedNestingIsBounded() throws {
    var pickle: [UInt8] = [0x80, 2, 0x5D, 0x71, 0]
    for level in 0..<40 {
      pickle += [0x5D, 0x68, UInt8(level), 0x61, 0x68, UInt8(level), 0x61, 0x71, UInt8(level + 1)]
    }
    let found = try #require(Self.open(Self.legacy(pickle + [0x2E])))
    #expect(found.message.contains("nests its values too deeply or too often"))
  }

  @Test func cyclesAndDeepNestingAreBounded() throws {
    let cycle: [UInt8] = [0x80, 2, 0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E]
    #expect(Self.open(Self.legacy(cycle))?.message.contains("too deeply") == true)
    let depth = 300_000
    let deep = [UInt8](repeating: 0x28, count: depth) + [UInt8](repeating: 0x74, count: depth)
    #expect(Self.open(Self.legacy(deep + [0x2E]))?.message.contains("too deeply") == true)
  }

  /// A list kept once and made a map many times would otherwise grow without bound.
  @Test func repeatedCopiesAreBounded() throws {
    var pickle: [UInt8] = [0x80, 2, 0x5D, 0x71, 0, 0x28]
    for _ in 0..<2_000 { pickle += [0x4E, 0x4E, 0x86] }
    pickle += [0x65, 0x30]
    for _ in 0..<2_000 {
      pickle += Self.text("ccollections\nOrderedDict\n") + [0x68, 0, 0x85, 0x52, 0x30]
    }
    let found = try #require(Self.open(Self.legacy(pickle + [0x4E, 0x2E])))
    #expect(found.message.contains("copies more than it holds"), "\(found)")
  }

  @Test(arguments: [
    // Offset, sizes and strides of a view of a storage of 4 floats.
    ("[0], (5), (1)", [0, 5, 1], "elements"), ("offset", [3, 2, 1], "reaches"),
    ("stride", [0, 2, 4], "reaches"), ("negative", [-1, 1, 1], "reaches"),
    ("negative stride", [3, 2, -1], "strides"), ("repeats", [0, 5, 0], "elements"),
  ])
  func viewsStayInsideTheirStorage(name: String, view: [Int], reason: String) throws {
    func number(_ value: Int) -> [UInt8] {
      [0x4A] + withUnsafeBytes(of: Int32(value).littleEndian) { Array($0) }
    }
    let storage =
      Self.text("(U\u{7}storagectorch\nFloatStorage\nU\u{1}0U\u{3}cpu") + number(4)
      + Self.text("NtQ")
    let pickle =
      Self.text("ctorch._utils\n_rebuild_tensor_v2\n(") + storage + number(view[0])
      + number(view[1]) + [0x85] + number(view[2]) + [0x85] + Self.text("\u{89}")
    let body = pickle.filter { $0 != 0xC2 } + Self.text("NtR.")
    let keys: [UInt8] = [0x80, 2, 0x5D] + Self.text("U\u{1}0a.")
    let data: [UInt8] = [4, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 16)
    let found = try #require(Self.open(Self.legacy(body, after: keys + data)), "\(name)")
    #expect(found.message.contains(reason), "\(name): \(found)")
  }

  @Test func objectArraysAreRefused() throws {
    guard let root = sharedData("fixtures/torch-npy/numpy", for: "objectArraysAreRefused") else {
      return
    }
    for name in try Files.list(root) where name.contains("objarr") {
      let found = fault { _ = try WeightFile.open(Files.join(root, name)) }
      #expect(found?.message.contains("array of Python objects") == true, "\(name)")
    }
  }

  @Test func pickleInsideAnArrayIsHeldToTheList() throws {
    let header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes =
      [0x93] + Self.text("NUMPY") + [1, 0, 118, 0] + Self.text(padded)
      + Self.text("cos\nsystem\n(S'id'\ntR.")
    let found = try #require(Self.open(bytes, name: "file.npy"))
    #expect(found.message.contains("'os.system'"))
  }
}
