import ConstatCore
import Crypto
import Foundation
import HTTPTypes
import NIOCore
import Postgres

/// One PATCH of an upload: its part is in the storage before the offset moves, so that no answer promises more than there
/// is. The last part makes the blob of them all, held to the SHA-256 and the type that were announced.
struct ReceivePart {
  let call: Call
  let access: Access

  func run() async throws -> Reply {
    guard call.mediaType == Tus.mediaType else {
      throw Problem(
        .unsupportedMediaType, "unsupported-media-type", "Type de contenu non pris en charge",
        members: ["accepted": [.string(Tus.mediaType)]])
    }
    let upload = try await UploadRoutes.found(call, access)
    guard let offset = call.headers[Tus.uploadOffset].flatMap(Tus.number) else {
      throw Problem(.badRequest, "malformed-upload-offset", "En-tête Upload-Offset requis")
    }
    guard offset == upload.offset else { throw Self.elsewhere(upload.offset) }
    let end = offset + Int64(call.body.count)
    guard end <= upload.size else {
      throw Problem(.badRequest, "part-beyond-end", "Morceau au-delà de la taille annoncée")
    }
    if call.body.isEmpty { return Reply(.noContent, headers: Tus.standing(upload)) }
    try Tus.verify(call)
    if end == upload.size { return try await finish(upload) }
    guard call.body.count >= Attachment.partSizes.lowerBound else {
      throw Problem(
        .unprocessableContent, "part-too-small", "Morceau trop petit",
        members: ["minimum_bytes": .integer(Int64(Attachment.partSizes.lowerBound))])
    }
    try await call.services.storage.put(
      .part(call.organization, upload: upload.id, offset: offset), call.body)
    return try await moved(upload, to: end, keeping: true, [])
  }

  private func finish(_ upload: UploadStore.Upload) async throws -> Reply {
    let organization = try call.organization
    let whole = try joined(upload)
    let (hash, beginning): ([UInt8], [UInt8])
    do { (hash, beginning) = try await Self.digest(whole) } catch is PartGone {
      // A restored database counts on parts that the storage has joined since: without an end the sender would try for days.
      try await drop(upload)
      throw UploadRoutes.expired
    }
    guard hash == upload.sha256 else {
      try await drop(upload)
      throw Problem(
        Tus.checksumMismatch, "blob-mismatch", "Fichier différent de celui annoncé",
        detail: "Le transfert est abandonné ; recommencez-le.")
    }
    guard FileKind(rawValue: upload.mediaType)?.matches(beginning) == true else {
      try await drop(upload)
      throw Problem(.unprocessableContent, "content-mismatch", "Le contenu n'est pas du type annoncé")
    }
    let keeping = KeepBlob(call: call, access: access, sha256: upload.sha256, mediaType: upload.mediaType)
    try await keeping.put(whole)
    let reply = try await moved(
      upload, to: upload.size, keeping: false, [keeping.settled(in: organization)])
    await clear(upload)
    return reply
  }

  /// The parts that the storage has, then the one that has just come.
  private func joined(_ upload: UploadStore.Upload) throws -> BlobContent {
    let organization = try call.organization
    let keys = upload.parts.map { BlobKey.part(organization, upload: upload.id, offset: $0) }
    return BlobContent(
      size: Int(upload.size),
      pieces: JoinedParts(storage: call.services.storage, keys: keys, last: ByteBuffer(bytes: call.body)))
  }

  /// The SHA-256, and the first bytes.
  private static func digest(_ content: BlobContent) async throws -> (sha256: [UInt8], beginning: [UInt8]) {
    var hash = SHA256()
    var beginning: [UInt8] = []
    for try await piece in content.pieces {
      if beginning.count < 16 { beginning += piece.readableBytesView.prefix(16) }
      hash.update(data: piece.readableBytesView)
    }
    return (Array(hash.finalize()), beginning)
  }

  /// In one transaction with what else is to be true from now on.
  private func moved(
    _ upload: UploadStore.Upload, to offset: Int64, keeping: Bool, _ further: [SQL]
  ) async throws -> Reply {
    try await WriteCall.run(call, access: access, channel: "api") { writing in
      let advance = UploadStore.advance(writing.organization, upload, to: offset, keeping: keeping)
      let results = try await writing.transaction.pipeline([advance] + further)
      guard let now = try results[0].first(UploadStore.Upload.self) else {
        throw Self.elsewhere(nil)
      }
      return Reply(.noContent, headers: Tus.standing(now))
    }
  }

  /// What is uploaded is not what was announced: there is nothing to go on with.
  private func drop(_ upload: UploadStore.Upload) async throws {
    let (call, access) = (call, access)
    try await DropUpload(services: call.services, organization: call.organization, upload: upload).run {
      try await WriteCall.run(call, access: access, channel: "api") { writing in
        _ = try await writing.transaction.execute(UploadStore.delete(writing.organization, upload.id))
      }
    }
  }

  /// The parts are of no more use. Where this fails, they go when the upload expires.
  private func clear(_ upload: UploadStore.Upload) async {
    guard !upload.parts.isEmpty else { return }
    let (call, access) = (call, access)
    try? await DropUpload(services: call.services, organization: call.organization, upload: upload).run {
      try await WriteCall.run(call, access: access, channel: "api") { writing in
        _ = try await writing.transaction.execute(UploadStore.clearParts(writing.organization, upload.id))
      }
    }
  }

  private static func elsewhere(_ offset: Int64?) -> Problem {
    Problem(
      .conflict, "wrong-offset", "Le transfert n'en est pas là",
      headers: offset.map { [Tus.uploadOffset: String($0)] } ?? [:])
  }
}

private struct PartGone: Error {}

/// One part after the other, each read when its turn comes.
private struct JoinedParts: AsyncSequence, Sendable {
  let storage: any BlobStorage
  let keys: [BlobKey]
  let last: ByteBuffer

  struct AsyncIterator: AsyncIteratorProtocol {
    let parts: JoinedParts
    var place = 0

    mutating func next() async throws -> ByteBuffer? {
      defer { place += 1 }
      guard place < parts.keys.count else { return place == parts.keys.count ? parts.last : nil }
      guard let part = try await parts.storage.get(parts.keys[place]) else {
        throw PartGone()
      }
      return ByteBuffer(bytes: part)
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: self) }
}

/// Removes an upload's parts from the storage, then has its row say so.
struct DropUpload {
  let services: Services
  let organization: UUID
  let upload: UploadStore.Upload

  /// The part at the present offset may be there although nobody was told so: a process died between the two.
  func run(_ forget: () async throws -> Void) async throws {
    for offset in Set(upload.parts + [upload.offset]) {
      try await services.storage.delete(.part(organization, upload: upload.id, offset: offset))
    }
    try await forget()
  }
}
