import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// All SQL that stores signatures: the picture as a blob keyed by its SHA-256, the row that says who signed what.
struct SignatureStore {
  static func insert(_ organization: UUID, id: UUID, _ values: [String: JSONValue]) -> [SQL] {
    guard let image = SignatureImage(base64: values[SignatureImage.field]?.string ?? "") else { return [] }
    var row = values
    row[SignatureImage.field] = nil
    row["image_sha256"] = .string("\\x" + image.sha256)
    return [
      BlobStore.keepInline(organization, sha256: image.sha256, mediaType: image.mediaType, image.bytes),
      RowStore.insertion("signature", organization: organization, id: id, row),
    ]
  }
}
