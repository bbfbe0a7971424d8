import Platform

extension Unpickler {
  /// Numbers, booleans and the frame that changes nothing; false for other opcodes.
  mutating func number(_ opcode: UInt8) throws -> Bool {
    switch opcode {
    case 0x80:
      let version = try byte()
      guard version <= 5 else { throw fault("has the protocol \(version)") }
    case 0x95: _ = try little(8)
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.bool(true))
    case 0x89: push(.bool(false))
    case UInt8(ascii: "J"): push(.integer(Int(Int32(truncatingIfNeeded: try little(4)))))
    case UInt8(ascii: "K"): push(.integer(Int(try byte())))
    case UInt8(ascii: "M"): push(.integer(Int(try little(2))))
    case UInt8(ascii: "G"):
      push(.real(Double(bitPattern: UInt64(bigEndian: try little(8)))))
    case 0x8A: push(try long(try counted(1)))
    case 0x8B: push(try long(try counted(4)))
    case UInt8(ascii: "I"):
      let text = try line()
      if text == "01" || text == "00" {
        push(.bool(text == "01"))
      } else if let number = Int(text) {
        push(.integer(number))
      } else {
        throw fault("has '\(text)' for a whole number")
      }
    case UInt8(ascii: "L"): push(.integer(try decimal()))
    case UInt8(ascii: "F"):
      let text = try line()
      guard let number = Double(text) else { throw fault("has '\(text)' for a number") }
      push(.real(number))
    default: return false
    }
    return true
  }

  /// A whole number in two's complement; one wider than 64 bits stays bytes.
  private func long(_ range: Range<Int>) throws -> PickleValue {
    guard range.count <= 8 else { return .bytes(range) }
    guard let last = range.last else { return .integer(0) }
    var bits = raw[last] & 0x80 == 0 ? UInt64(0) : .max
    for index in range.reversed() { bits = bits << 8 | UInt64(raw[index]) }
    return .integer(Int(Int64(bitPattern: bits)))
  }

  /// Text and bytes; false for other opcodes.
  mutating func text(_ opcode: UInt8) throws -> Bool {
    switch opcode {
    case UInt8(ascii: "X"): push(.text(try string(try counted(4))))
    case 0x8C: push(.text(try string(try counted(1))))
    case 0x8D: push(.text(try string(try counted(8))))
    case UInt8(ascii: "U"), UInt8(ascii: "C"): push(.bytes(try counted(1)))
    case UInt8(ascii: "T"), UInt8(ascii: "B"): push(.bytes(try counted(4)))
    case 0x8E, 0x96: push(.bytes(try counted(8)))
    case UInt8(ascii: "V"): push(.text(try plain(try line())))
    case UInt8(ascii: "S"):
      let quoted = try line()
      guard let quote = quoted.first, quote == "'" || quote == "\"", quoted.last == quote,
        quoted.count >= 2
      else { throw fault("has text without quotes") }
      push(.text(try plain(String(quoted.dropFirst().dropLast()))))
    default: return false
    }
    return true
  }

  private func plain(_ text: String) throws -> String {
    guard !text.contains("\\") else { throw fault("has escapes in a protocol 0 string") }
    return text
  }

  /// Lists, tuples, maps and the stack's own opcodes; false for other opcodes.
  mutating func collection(_ opcode: UInt8) throws -> Bool {
    switch opcode {
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try sinceMark()
    case UInt8(ascii: "2"): push(try top())
    case UInt8(ascii: "]"): push(list([]))
    case UInt8(ascii: "l"): push(list(try sinceMark()))
    case UInt8(ascii: "a"): try append([try pop()])
    case UInt8(ascii: "e"): try append(try sinceMark())
    case UInt8(ascii: ")"): push(tuple([]))
    case UInt8(ascii: "t"): push(tuple(try sinceMark()))
    case 0x85: push(tuple(try popped(1)))
    case 0x86: push(tuple(try popped(2)))
    case 0x87: push(tuple(try popped(3)))
    case UInt8(ascii: "}"): push(map([]))
    case UInt8(ascii: "d"): push(map(try pairs(try sinceMark())))
    case UInt8(ascii: "s"): try setItems(try popped(2))
    case UInt8(ascii: "u"): try setItems(try sinceMark())
    case 0x8F: push(.opaque)
    case 0x90:
      _ = try sinceMark()
      guard case .opaque = try top() else { throw fault("adds to what is no set") }
    case 0x91:
      _ = try sinceMark()
      push(.opaque)
    default: return false
    }
    return true
  }

  private mutating func popped(_ count: Int) throws -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw fault("takes a value that is not there")
    }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  mutating func list(_ values: [PickleValue]) -> PickleValue {
    document.lists.append(values)
    return .list(document.lists.count - 1)
  }

  mutating func tuple(_ values: [PickleValue]) -> PickleValue {
    document.tuples.append(values)
    return .tuple(document.tuples.count - 1)
  }

  mutating func map(_ pairs: [(key: PickleValue, value: PickleValue)]) -> PickleValue {
    document.maps.append(pairs)
    return .map(document.maps.count - 1)
  }

  private func pairs(_ values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
    guard values.count % 2 == 0 else { throw fault("has a key without a value") }
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }

  private mutating func append(_ values: [PickleValue]) throws {
    if case .opaque = try top() { return }
    guard case .list(let index) = try top() else { throw fault("appends to what is no list") }
    document.lists[index] += values
  }

  private mutating func setItems(_ values: [PickleValue]) throws {
    if case .opaque = try top() { return }
    guard case .map(let index) = try top() else { throw fault("sets items of what is no map") }
    document.maps[index] += try pairs(values)
  }
}
