import ConstatCore
import Crypto
import Foundation
import HTTPTypes

/// The headers of tus 1.0 (tus.io), and its rules that do not depend on what is uploaded.
enum Tus {
  static let version = "1.0.0"
  static let mediaType = "application/offset+octet-stream"
  static let uploadLength = HTTPField.Name("Upload-Length")!
  static let uploadOffset = HTTPField.Name("Upload-Offset")!
  static let uploadMetadata = HTTPField.Name("Upload-Metadata")!
  private static let resumable = HTTPField.Name("Tus-Resumable")!
  private static let uploadExpires = HTTPField.Name("Upload-Expires")!
  private static let uploadChecksum = HTTPField.Name("Upload-Checksum")!

  /// What the server can do: the answer to OPTIONS.
  static let abilities: HTTPFields = [
    resumable: version, .init("Tus-Version")!: version,
    .init("Tus-Extension")!: "creation,checksum,expiration,termination",
    .init("Tus-Max-Size")!: String(Attachment.sizeLimit), .init("Tus-Checksum-Algorithm")!: "sha1,sha256",
  ]

  static let checksumMismatch = HTTPResponse.Status(code: 460, reasonPhrase: "Checksum Mismatch")

  /// Refuses another version of the protocol, and says in every answer, good or bad, which one it is.
  static func answering(_ call: Call, _ body: () async throws -> Reply) async throws -> Reply {
    do {
      guard call.headers[resumable] == version else {
        throw Problem(
          .preconditionFailed, "tus-version", "Version du protocole tus non prise en charge",
          headers: [.init("Tus-Version")!: version])
      }
      var reply = try await body()
      reply.headers[resumable] = version
      return reply
    } catch var problem as Problem {
      problem.headers[resumable] = version
      throw problem
    }
  }

  /// The method that a client means which can only POST.
  static func overridden(_ call: Call) -> HTTPRequest.Method? {
    let methods: [HTTPRequest.Method] = [.head, .patch, .delete]
    return methods.first { $0.rawValue == call.headers[.init("X-HTTP-Method-Override")!] }
  }

  /// Where an upload stands, as headers.
  static func standing(_ upload: UploadStore.Upload) -> HTTPFields {
    [uploadOffset: String(upload.offset), uploadLength: String(upload.size), uploadExpires: upload.expires]
  }

  /// A number as a header has it: decimal digits alone.
  static func number(_ text: String) -> Int64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
  }

  /// Holds the body to `Upload-Checksum: sha256 …`, where there is one.
  static func verify(_ call: Call) throws {
    guard let header = call.headers[uploadChecksum] else { return }
    let parts = header.split(separator: " ")
    guard parts.count == 2, let expected = Data(base64Encoded: String(parts[1])) else {
      throw Problem(.badRequest, "malformed-checksum", "En-tête Upload-Checksum illisible")
    }
    let found: Data
    switch parts[0] {
    case "sha256": found = Data(SHA256.hash(data: call.body))
    case "sha1": found = Data(Insecure.SHA1.hash(data: call.body))
    default: throw Problem(.badRequest, "unsupported-checksum", "Somme de contrôle non prise en charge")
    }
    guard found == expected else {
      throw Problem(checksumMismatch, "checksum-mismatch", "Morceau altéré pendant le transport")
    }
  }
}
