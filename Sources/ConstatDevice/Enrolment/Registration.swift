import ConstatCore
import ConstatSync

/// Signs a technician in and registers this installation as their device.
struct Registration {
  let transport: Transport
  let server: String

  func register(
    email: String, password: String, organization: String?, name: String, platform: String
  ) async throws -> (Enrolment, Lineage) {
    var credentials: [String: JSONValue] = ["email": .string(email), "password": .string(password)]
    if let organization { credentials["organization"] = .string(organization) }
    let signedIn = try await post("/v1/auth/login", token: nil, .object(credentials))
    guard let token = signedIn["access_token"]?.string else {
      throw SyncError.unreadableAnswer("access_token")
    }
    let device = try await post(
      "/v1/devices", token: token, ["name": .string(name), "platform": .string(platform)])
    guard let id = device["id"]?.string, let technician = device["technician_id"]?.string,
      let secret = device["secret"]?.string
    else { throw SyncError.unreadableAnswer("device") }
    let enrolment = Enrolment(
      server: server, device: id.lowercased(), technician: technician.lowercased(), name: name, secret: secret
    )
    let forks = device["forks"]?.object ?? [:]
    return (
      enrolment,
      Lineage(epoch: device["epoch"]?.string ?? "", forks: forks.compactMapValues(\.integer))
    )
  }

  private func post(_ path: String, token: String?, _ body: JSONValue) async throws -> JSONValue {
    try DeviceSession.value(
      of: try await DeviceSession.send(
        .init(path: path, token: token, body: body.serialized()), through: transport))
  }

  /// What the server shows the office of the kind of device.
  static let platform: String = {
    #if os(iOS)
      "ios"
    #elseif os(macOS)
      "macos"
    #elseif os(Linux)
      "linux"
    #else
      "other"
    #endif
  }()
}
