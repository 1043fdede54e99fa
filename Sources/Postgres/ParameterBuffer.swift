import CLibPQ
import Foundation

/// Lays the parameters of one statement out as libpq wants them; one per reactor, used again and again.
final class ParameterBuffer {
  private var storage = UnsafeMutableRawPointer.allocate(byteCount: 4_096, alignment: 16)
  private var capacity = 4_096
  private var count = 0
  private var offsets: [Int] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []
  private var pointers: [UnsafePointer<CChar>?] = []
  private static let keptCapacity = 1 << 20

  deinit { storage.deallocate() }

  /// Sends an execution of `name` with these parameters; false when the connection is broken.
  func execute(_ bindings: [Binding], of name: String, on handle: OpaquePointer) -> Bool {
    fill(bindings)
    defer { shrink() }
    return PQsendQueryPrepared(handle, name, Int32(bindings.count), pointers, lengths, formats, 0) == 1
  }

  /// Sends a statement without a name; false when the connection is broken.
  func execute(_ statement: SQL, on handle: OpaquePointer) -> Bool {
    fill(statement.bindings)
    defer { shrink() }
    let types = statement.bindings.map(\.type.oid)
    return PQsendQueryParams(
      handle, statement.text, Int32(types.count), types, pointers, lengths, formats, 0) == 1
  }

  private func fill(_ bindings: [Binding]) {
    count = 0
    offsets.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
    pointers.removeAll(keepingCapacity: true)
    for binding in bindings { add(binding.value) }
    for offset in offsets {
      pointers.append(
        offset < 0 ? nil : UnsafePointer((storage + offset).assumingMemoryBound(to: CChar.self)))
    }
  }

  private func add(_ value: Binding.Value) {
    let start = count
    var format: Int32 = 1
    switch value {
    case .null:
      offsets.append(-1)
      lengths.append(0)
      formats.append(0)
      return
    case .bool(let value): append(value ? UInt8(1) : 0)
    case .int2(let value): append(value.bigEndian)
    case .int4(let value): append(value.bigEndian)
    case .int8(let value): append(value.bigEndian)
    case .float8(let value): append(value.bitPattern.bigEndian)
    case .uuid(let value): append(value.uuid)
    case .text(var value):
      value.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
      append(UInt8(0))
      format = 0
    case .binary(let value): value.withUnsafeBytes { append(bytes: $0) }
    case .json(let value):
      append(UInt8(1))
      value.withUnsafeBytes { append(bytes: $0) }
    }
    offsets.append(start)
    lengths.append(Int32(count - start))
    formats.append(format)
  }

  private func append<T: BitwiseCopyable>(_ value: T) {
    withUnsafeBytes(of: value) { append(bytes: $0) }
  }

  private func append(bytes: UnsafeRawBufferPointer) {
    // One byte more, so that an empty last value still points into the storage.
    if count + bytes.count + 1 > capacity { grow(to: max(capacity * 2, count + bytes.count + 1)) }
    if let base = bytes.baseAddress { (storage + count).copyMemory(from: base, byteCount: bytes.count) }
    count += bytes.count
  }

  private func grow(to newCapacity: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
    larger.copyMemory(from: storage, byteCount: count)
    storage.deallocate()
    storage = larger
    capacity = newCapacity
  }

  private func shrink() {
    guard capacity > Self.keptCapacity else { return }
    storage.deallocate()
    storage = .allocate(byteCount: 4_096, alignment: 16)
    capacity = 4_096
  }
}
