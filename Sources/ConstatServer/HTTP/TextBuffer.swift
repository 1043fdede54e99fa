import NIOCore

/// UTF-8 that grows at its end. An array would check at each append that nobody else holds it, which costs as much as
/// what is appended here: some thousand short values for a page.
struct TextBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = max(capacity, 64)
    start = .allocate(capacity: self.capacity)
  }

  deinit { start.deallocate() }

  var bytes: ByteBuffer { ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count)) }

  private mutating func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never) private mutating func grow(_ more: Int) {
    capacity = max(capacity * 2, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    start[count] = byte
    count += 1
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let base = bytes.baseAddress else { return }
    reserve(bytes.count)
    (start + count).update(from: base, count: bytes.count)
    count += bytes.count
  }

  /// A JSON string literal of this text (RFC 8259 §7).
  mutating func appendString(_ value: UnsafeBufferPointer<UInt8>) {
    // At worst each byte becomes \u00xx.
    reserve(value.count * 6 + 2)
    var place = start + count
    place.pointee = UInt8(ascii: "\"")
    place += 1
    if let base = value.baseAddress {
      var index = 0
      while index < value.count {
        if index + 8 <= value.count,
          Self.copyEight(UnsafeRawPointer(base + index), to: UnsafeMutableRawPointer(place))
        {
          index += 8
          place += 8
          continue
        }
        for byte in UnsafeBufferPointer(start: base + index, count: min(8, value.count - index)) {
          place = Self.write(byte, at: place)
        }
        index += 8
      }
    }
    place.pointee = UInt8(ascii: "\"")
    count = place + 1 - start
  }

  /// Copies eight bytes, unless one of them has to be escaped.
  @inline(__always)
  private static func copyEight(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let word = source.loadUnaligned(as: UInt64.self)
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5c)
    // The high bit of a byte tells that it was below 0x20, or zero.
    let found =
      ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
    guard found & (ones &* 0x80) == 0 else { return false }
    target.storeBytes(of: word, as: UInt64.self)
    return true
  }

  private static func write(_ byte: UInt8, at place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<
    UInt8
  > {
    guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
      place.pointee = byte
      return place + 1
    }
    let escape: StaticString =
      switch byte {
      case UInt8(ascii: "\""): "\\\""
      case UInt8(ascii: "\\"): "\\\\"
      case 0x0a: "\\n"
      case 0x0d: "\\r"
      case 0x09: "\\t"
      default: "\\u00"
      }
    place.update(from: escape.utf8Start, count: escape.utf8CodeUnitCount)
    guard escape.utf8CodeUnitCount == 4 else { return place + 2 }
    let digits: StaticString = "0123456789abcdef"
    place[4] = digits.utf8Start[Int(byte >> 4)]
    place[5] = digits.utf8Start[Int(byte & 15)]
    return place + 6
  }
}
