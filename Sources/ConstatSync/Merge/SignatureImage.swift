import ConstatCore
internal import Crypto

/// The picture of a signature, which travels inside the mutation: small, and useless without it.
public struct SignatureImage: Sendable, Hashable {
  /// The member of a signature's creation that carries the picture.
  public static let field = "image_base64"

  public let bytes: [UInt8]
  /// Of the bytes, in hexadecimal.
  public let sha256: String
  public let mediaType: String

  /// Nil unless it is a PNG or a JPEG of a permitted size.
  public init?(base64: String) {
    guard base64.utf8.count <= (SyncLimits.signatureBytes + 2) / 3 * 4,
      let bytes = Base64.bytes(base64), bytes.count <= SyncLimits.signatureBytes,
      let kind = FileKind(of: bytes), kind != .pdf
    else { return nil }
    self.bytes = bytes
    mediaType = kind.rawValue
    let digits = Array("0123456789abcdef".utf8)
    sha256 = String(
      decoding: SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self)
  }
}
