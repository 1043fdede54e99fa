import ConstatCore
import HTTPTypes
import Postgres

extension Problem {
  /// What a database error means to a caller, by SQLSTATE and constraint name, never by message. Capabilities word the
  /// constraints that they expect themselves; this is the net under them.
  init(_ error: PostgresError) {
    switch error.kind {
    case .poolExhausted, .connectionLost, .closed:
      self = .busy
      return
    case .outcomeUnknown:
      self = .init(
        .serviceUnavailable, "outcome-unknown", "Issue inconnue : réessayez avec la même clé d'idempotence",
        headers: [.retryAfter: "2"])
      return
    case .server, .decoding, .encoding, .misuse: break
    }
    switch error.sqlState {
    case "23503":
      self = .init(
        .unprocessableContent, "unknown-reference", "Référence inconnue",
        members: error.constraint.map { ["constraint": .string($0)] } ?? [:])
    case "23505":
      self = .conflict(
        "already-exists", "Existe déjà", members: error.constraint.map { ["constraint": .string($0)] } ?? [:])
    case "23514", "23502", "22P02", "22003", "22007", "22008", "22021", "22P05", "22001":
      self = .init(
        .unprocessableContent, "invalid-value", "Valeur refusée",
        members: error.constraint.map { ["constraint": .string($0)] } ?? [:])
    case "CN003":
      self = .conflict("immutable", "Document figé")
    case "40001", "40P01", "55P03", "57014", "53300", "57P01", "57P03":
      self = .busy
    default:
      self = .internalError
    }
  }

  static let busy = Problem(
    .serviceUnavailable, "busy", "Service momentanément indisponible", headers: [.retryAfter: "1"])
  static let internalError = Problem(.internalServerError, "internal-error", "Erreur interne")
}
