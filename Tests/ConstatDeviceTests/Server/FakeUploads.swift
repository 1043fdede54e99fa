import ConstatCore
import Crypto
import Foundation

@testable import ConstatDevice

/// A tus server in memory, strict about offsets and checksums.
struct FakeUploads: Sendable {
  struct Upload: Sendable {
    let sha256: String
    let size: Int
    var bytes: [UInt8] = []
    var isDropped = false
  }

  private(set) var uploads: [Upload] = []
  /// Whole files, by their SHA-256.
  private(set) var blobs: [String: [UInt8]] = [:]
  /// Bytes of parts that arrived sound.
  private(set) var received = 0
  /// Answers that come first, by SHA-256: what a server says of a bad photo.
  var refusals: [String: Transport.Answer] = [:]
  /// So many parts arrive altered.
  var alterations = 0

  mutating func forget(_ sha256: String) { blobs[sha256] = nil }
  mutating func dropAll() { for index in uploads.indices { uploads[index].isDropped = true } }

  mutating func answer(_ request: Transport.Request) -> Transport.Answer {
    guard request.headers["Tus-Resumable"] == "1.0.0" else { return problem(412, "tus-version") }
    if request.path == "/v1/uploads" { return create(request) }
    guard let number = Int(request.path.dropFirst("/v1/uploads/".count)), uploads.indices.contains(number),
      !uploads[number].isDropped
    else { return problem(404, "not-found") }
    if request.method == "HEAD" { return standing(number, 200) }
    return patch(number, request)
  }

  private mutating func create(_ request: Transport.Request) -> Transport.Answer {
    var metadata: [String: String] = [:]
    for pair in (request.headers["Upload-Metadata"] ?? "").split(separator: ",") {
      let parts = pair.split(separator: " ")
      metadata[String(parts[0])] = Data(base64Encoded: String(parts[1])).map {
        String(decoding: $0, as: UTF8.self)
      }
    }
    let sha256 = metadata["sha256"] ?? ""
    if let refusal = refusals[sha256] { return refusal }
    guard let size = request.headers["Upload-Length"].flatMap({ Int($0) }),
      FileKind(rawValue: metadata["type"] ?? "") != nil
    else { return problem(415, "unsupported-media-type") }
    uploads.append(Upload(sha256: sha256, size: size, bytes: blobs[sha256] ?? []))
    return standing(uploads.count - 1, 201)
  }

  private mutating func patch(_ number: Int, _ request: Transport.Request) -> Transport.Answer {
    let upload = uploads[number]
    guard request.headers["Upload-Offset"] == String(upload.bytes.count) else {
      return standing(number, 409, problem(409, "wrong-offset").body)
    }
    var body = request.body
    if alterations > 0 {
      alterations -= 1
      body[0] ^= 1
    }
    let sum = "sha256 " + Data(SHA256.hash(data: body)).base64EncodedString()
    guard request.headers["Upload-Checksum"] == sum else { return problem(460, "checksum-mismatch") }
    received += body.count
    uploads[number].bytes += body
    if uploads[number].bytes.count == upload.size {
      guard AttachmentFiles.sha256(uploads[number].bytes) == upload.sha256 else {
        uploads[number].isDropped = true
        return problem(460, "blob-mismatch")
      }
      blobs[upload.sha256] = uploads[number].bytes
    }
    return standing(number, 204)
  }

  private func standing(_ number: Int, _ status: Int, _ body: [UInt8] = []) -> Transport.Answer {
    Transport.Answer(
      status: status, body: body,
      headers: [
        "location": "/v1/uploads/\(number)", "upload-offset": String(uploads[number].bytes.count),
        "upload-length": String(uploads[number].size),
      ])
  }

  func problem(_ status: Int, _ code: String) -> Transport.Answer {
    let body: JSONValue = ["code": .string(code), "title": "Refusé", "status": .integer(Int64(status))]
    return Transport.Answer(status: status, body: body.serialized())
  }
}
