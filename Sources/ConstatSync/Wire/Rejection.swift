public import ConstatCore

/// Why a mutation is kept for someone to decide; open, since a newer server may know more.
public struct ParkReason: RawRepresentable, Sendable, Hashable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Another technician has the mission now.
  public static let reassigned = ParkReason(rawValue: "reassigned")
  /// The dossier was closed meanwhile.
  public static let closed = ParkReason(rawValue: "closed")
  /// The device was revoked; what it still held is rescued.
  public static let deviceRevoked = ParkReason(rawValue: "device_revoked")
  /// The row, or one that the edit names, is not in this mission.
  public static let notFound = ParkReason(rawValue: "not_found")
  /// The device speaks a newer schema than the server: what it wrote is kept until the server knows it too.
  public static let newerSchema = ParkReason(rawValue: "newer_schema")
}

/// Why a mutation is not applied and never will be; the server keeps its payload.
public struct Rejection: Sendable, Hashable, Error {
  public enum Code: String, Sendable, Hashable, CaseIterable {
    /// The database would not take it, though every check had let it pass.
    case refused
    /// The mutation cannot be read.
    case malformed
    /// Devices do not create, set or delete rows of this type.
    case operationNotAllowed = "operation-not-allowed"
    /// Devices do not write this field, or not after creation.
    case fieldNotWritable = "field-not-writable"
    /// A value is not one that the field takes.
    case valueInvalid = "value-invalid"
    /// What is born whole exists already under this id, with another content.
    case alreadyExists = "already-exists"
    /// Another mutation of its group was rejected.
    case groupRejected = "group-rejected"
  }

  public let code: Code
  public let problems: [FieldProblem]

  public init(_ code: Code, _ problems: [FieldProblem] = []) {
    self.code = code
    self.problems = problems
  }

  public var detail: String {
    switch code {
    case .malformed: "cette modification est illisible"
    case .refused: "la base de données refuse cette modification"
    case .operationNotAllowed: "un appareil ne peut pas faire cette opération"
    case .fieldNotWritable: "un appareil ne peut pas écrire ce champ"
    case .valueInvalid: "une valeur n'est pas admise"
    case .alreadyExists: "cet identifiant est déjà pris par un autre contenu"
    case .groupRejected: "une autre modification du groupe est refusée"
    }
  }

  public init(json: JSONValue, at pointer: String = "") throws(FieldProblems) {
    let reader = try WireReader(json, at: pointer)
    // A newer server may know more codes: an answer that cannot be read would be asked for again for ever.
    code = Code(rawValue: try reader.string("code")) ?? .refused
    var problems: [FieldProblem] = []
    for value in reader["errors"]?.array ?? [] {
      guard let code = FieldProblem.Code(rawValue: value["code"]?.string ?? "") else { continue }
      problems.append(
        FieldProblem(
          pointer: value["pointer"]?.string ?? "", code: code, detail: value["detail"]?.string ?? ""))
    }
    self.problems = problems
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = ["code": .string(code.rawValue), "detail": .string(detail)]
    if !problems.isEmpty {
      members["errors"] = .array(
        problems.map {
          [
            "pointer": .string($0.pointer), "code": .string($0.code.rawValue),
            "detail": .string($0.detail),
          ]
        })
    }
    return .object(members)
  }
}
