import ConstatCore
import ConstatSync
import Foundation
import HTTPTypes

/// What a client says of the file that it is about to upload: `Upload-Length`, and `Upload-Metadata` with `sha256` (64
/// hexadecimal digits), `type` (or `filetype`) and, if it likes, `filename`.
struct AnnouncedFile: Sendable {
  let sha256: [UInt8]
  let kind: FileKind
  let fileName: String
  let size: Int64

  init(_ headers: HTTPFields) throws {
    guard let text = headers[Tus.uploadLength], let size = Tus.number(text) else {
      throw Problem(.badRequest, "malformed-upload-length", "En-tête Upload-Length requis")
    }
    guard size <= Attachment.sizeLimit else {
      throw Problem(
        .contentTooLarge, "upload-too-large", "Fichier trop volumineux",
        members: ["limit_bytes": .integer(Int64(Attachment.sizeLimit))])
    }
    guard size > 0 else {
      throw Problem(.unprocessableContent, "empty-upload", "Le fichier est vide")
    }
    self.size = size
    let metadata = try Self.metadata(headers[Tus.uploadMetadata] ?? "")
    guard let type = metadata["type"] ?? metadata["filetype"],
      let kind = FileKind(rawValue: type.lowercased())
    else {
      throw Problem.unsupportedFile
    }
    self.kind = kind
    fileName = metadata["filename"] ?? "fichier"
    let described = FieldSet([.required("sha256", .sha256), .required("filename", .fileName)])
    do {
      _ = try described.checked(
        ["sha256": JSONValue(metadata["sha256"]), "filename": .string(fileName)], as: .creation)
    } catch {
      throw Problem(error)
    }
    sha256 = Self.bytes(hexadecimal: metadata["sha256"] ?? "")
  }

  /// `key base64,key base64`; a key alone has no value.
  private static func metadata(_ text: String) throws -> [String: String] {
    var values: [String: String] = [:]
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: " ")
      guard (1...2).contains(parts.count), values[String(parts[0])] == nil, text.utf8.count <= 8192,
        let bytes = parts.count == 2 ? Data(base64Encoded: String(parts[1])) : Data(),
        let value = String(validating: bytes, as: UTF8.self)
      else { throw Problem(.badRequest, "malformed-upload-metadata", "En-tête Upload-Metadata illisible") }
      values[String(parts[0])] = value
    }
    return values
  }

  private static func bytes(hexadecimal text: String) -> [UInt8] {
    let digits = Array(text)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }
}
