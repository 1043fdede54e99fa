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
      """
      INSERT INTO system.blob (organization_id, sha256, media_type, bytes)
      VALUES (\(organization), decode(\(image.sha256), 'hex'), \(image.mediaType), \(image.bytes))
      ON CONFLICT (organization_id, sha256) DO NOTHING
      """,
      RowStore.insertion("signature", organization: organization, id: id, row),
    ]
  }
}
