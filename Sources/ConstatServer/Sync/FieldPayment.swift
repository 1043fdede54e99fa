import ConstatCore
import Foundation

/// Money taken on site, recorded through the same use case as the office's: never lost, and once for its id.
struct FieldPayment {
  let writing: WriteCall

  func record(_ id: UUID, _ values: [String: JSONValue]) async throws {
    throw Problem.internalError
  }
}
