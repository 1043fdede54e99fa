import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Resumable uploads of the bytes of attachments: tus 1.0 with creation, checksum, expiration and termination. What is
/// uploaded is named by its SHA-256; bytes that the organization has already need not be sent.
struct UploadRoutes {
  static let access = Access.staff(.admin, .office, .technician).or(.device)
  /// So that nobody fills the storage with beginnings.
  private static let openLimit = 200

  func register(in routes: inout Routes) {
    routes.open(.options, "/v1/uploads") { _ in Reply(.noContent, headers: Tus.abilities) }
    routes.transacting(.post, "/v1/uploads", Self.access) { call, access in
      try await Tus.answering(call) { try await Self.create(call, access) }
    }
    let limit = Attachment.partSizes.upperBound
    for method in [HTTPRequest.Method.head, .patch, .delete] {
      routes.transacting(
        method, "/v1/uploads/{id}", Self.access, bodyLimit: method == .patch ? limit : Routes.jsonLimit
      ) { call, access in
        try await Tus.answering(call) { try await Self.carryOut(method, call, access) }
      }
    }
    // For clients that know GET and POST alone.
    routes.transacting(.post, "/v1/uploads/{id}", Self.access, bodyLimit: limit) { call, access in
      try await Tus.answering(call) {
        guard let method = Tus.overridden(call) else {
          throw Problem(
            .methodNotAllowed, "method-not-allowed", "Méthode non autorisée",
            headers: [.allow: "DELETE, HEAD, PATCH"])
        }
        return try await Self.carryOut(method, call, access)
      }
    }
  }

  private static func carryOut(
    _ method: HTTPRequest.Method, _ call: Call, _ access: Access
  ) async throws -> Reply {
    switch method {
    case .patch: return try await ReceivePart(call: call, access: access).run()
    case .delete:
      try await cancel(call, access)
      return .noContent
    default: return Reply(.ok, headers: Tus.standing(try await found(call, access)))
    }
  }

  private static func cancel(_ call: Call, _ access: Access) async throws {
    let upload = try await found(call, access)
    try await DropUpload(services: call.services, organization: call.organization, upload: upload).run {
      try await WriteCall.run(call, access: access, channel: "api") { writing in
        _ = try await writing.transaction.execute(UploadStore.delete(writing.organization, upload.id))
      }
    }
  }

  private static func create(_ call: Call, _ access: Access) async throws -> Reply {
    let reading = ReadCall(call: call, access: access)
    let announced: AnnouncedFile
    do { announced = try AnnouncedFile(call.headers) } catch {
      _ = try await reading.principal()
      throw error
    }
    let isLost = try await isLost(announced, reading)
    return try await WriteCall.run(call, access: access, channel: "api") { writing in
      if isLost {
        _ = try await writing.transaction.execute(
          BlobStore.checked(writing.organization, sha256: announced.sha256, was: true, isThere: false))
      }
      let actor = writing.principal.actor
      let known = try await writing.transaction.pipeline([
        BlobStore.touch(writing.organization, sha256: announced.sha256),
        UploadStore.openCount(writing.organization, actor: actor),
      ])
      let isStored = known[0].rowCount == 1
      let open: Int? = try known[1].value()
      guard isStored || (open ?? 0) < Self.openLimit else {
        throw Problem(
          .tooManyRequests, "too-many-uploads", "Trop de transferts en cours", headers: [.retryAfter: "60"])
      }
      let upload = try await writing.transaction.first(
        UploadStore.Upload.self,
        UploadStore.insert(
          writing.organization, id: call.clock.newID(), actor: actor, announced,
          offset: isStored ? announced.size : 0))
      guard let upload else { throw Problem.internalError }
      var headers = Tus.standing(upload)
      headers[.location] = "/v1/uploads/\(upload.id.wire)"
      return Reply(.created, headers: headers)
    }
  }

  /// Whether the storage has lost what its row says that it has: who offers the bytes now may be the last who can.
  private static func isLost(_ announced: AnnouncedFile, _ reading: ReadCall) async throws -> Bool {
    let organization = try reading.call.organization
    let known = try await reading.query(BlobStore.one(organization, sha256: announced.sha256))
    guard let row = known.first, try row.get("stored", as: Bool.self), row.isNull("bytes") else {
      return false
    }
    return try await !reading.call.services.storage.has(.blob(organization, sha256: announced.sha256))
  }

  /// The caller's own upload; another's is as unknown as none.
  static func found(_ call: Call, _ access: Access) async throws -> UploadStore.Upload {
    let upload = try await ReadCall(call: call, access: access)
      .query(UploadStore.one(call.organization, call.id())).first(UploadStore.Upload.self)
    guard let upload else { throw Problem.notFound }
    guard !upload.isExpired else { throw expired }
    return upload
  }

  /// There is nothing to go on with: it is begun again.
  static var expired: Problem { Problem(.gone, "upload-expired", "Transfert expiré") }
}
