/// What the server says that it has of photos, and what lies in its storage.
struct Files: Sendable {
  struct Attachment: Sendable {
    let row: String
    let caption: String
    let sha256: String
    let isStored: Bool
  }

  var attachments: [Attachment] = []
  /// By the SHA-256 of its bytes: how many files the storage has of it.
  var stored: [String: Int] = [:]
  /// The SHA-256 that a signature's row names, where the bytes beside it are others.
  var forgedSignatures: [String] = []

  /// Files that the office is told of as missing.
  var awaited: Int { attachments.count { !$0.isStored } }
}

extension Oracle {
  /// The bytes of every photo are there once; what the server misses it says that it misses.
  func photographs() -> [String] {
    var faults: [String] = []
    let files = evidence.files
    for photo in photos {
      let copies = files.stored[photo.sha256] ?? 0
      if copies == 0, !beyondRecall.contains(photo.token) {
        faults.append("the bytes of the photo \(photo.token) are not on the server")
      }
      if copies > 1 { faults.append("the bytes of the photo \(photo.token) are stored \(copies) times") }
    }
    for attachment in files.attachments {
      let isThere = files.stored[attachment.sha256] != nil
      guard isThere != attachment.isStored else { continue }
      // Bytes that a restored server had, and does not know any more, lie there until its worker looks for them.
      if isThere, !Tokens.all(in: attachment.caption).isDisjoint(with: unvouched) { continue }
      faults.append(
        isThere
          ? "the server asks for the attachment \(attachment.row), whose bytes it has"
          : "the server says that it has the bytes of the attachment \(attachment.row), and has not")
    }
    return faults + files.forgedSignatures.map { "the signature \($0) has another image" }
  }
}
