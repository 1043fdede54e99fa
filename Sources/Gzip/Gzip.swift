internal import CZlib

/// The gzip format (RFC 1952), for bodies on the wire: one member, whole in memory.
public enum Gzip {
  /// Why bytes are not inflated.
  public enum Failure: Error, Sendable, Hashable {
    /// Not gzip, cut short, damaged, or followed by something else.
    case malformed
    /// What they hold is larger than the caller takes; no more than that was unpacked.
    case tooLarge(limit: Int)
  }

  /// Window of 32 KiB (15), with the header and checksum of gzip (+16), as zlib's `windowBits` has it.
  private static let window: Int32 = 15 + 16
  private static let chunk = 64 * 1024

  /// `level` 1 is the fastest, 9 the smallest.
  public static func compressed(_ bytes: [UInt8], level: Int32 = 5) -> [UInt8] {
    var stream = z_stream()
    let opened = deflateInit2_(
      &stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(opened == Z_OK, "zlib has no memory")
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, UInt(bytes.count)))
    return bytes.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        let ended = deflate(&stream, Z_FINISH)
        precondition(ended == Z_STREAM_END, "deflateBound holds whatever comes")
        count = Int(stream.total_out)
      }
    }
  }

  /// Unpacks at most `limit` bytes: of a bomb, no more than that is ever in memory.
  public static func inflated(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    var stream = z_stream()
    let opened = inflateInit2_(&stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(opened == Z_OK, "zlib has no memory")
    defer { inflateEnd(&stream) }
    var inflated: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: Gzip.chunk)
    var status = Z_OK
    while status == Z_OK {
      let read = Int(stream.total_in)
      status = bytes.withUnsafeBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { output in
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress).map { $0 + read }
          stream.avail_in = UInt32(input.count - read)
          stream.next_out = output.baseAddress
          stream.avail_out = UInt32(output.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
      }
      let count = chunk.count - Int(stream.avail_out)
      guard inflated.count + count <= limit else { throw .tooLarge(limit: limit) }
      inflated.append(contentsOf: chunk[..<count])
    }
    guard status == Z_STREAM_END, Int(stream.total_in) == bytes.count else { throw .malformed }
    return inflated
  }
}
