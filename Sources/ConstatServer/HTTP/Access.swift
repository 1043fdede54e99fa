public import ConstatCore

/// Who may call a route: declared beside it, written in the contract as `x-roles` and `x-scopes`, and equated with it
/// by a test. Nothing is allowed that is not declared.
public struct Access: Sendable, Equatable {
  /// Staff profiles; `super_admin` always passes where staff may.
  public var profiles: Set<Profile> = []
  public var scopes: Set<Scope> = []
  public var client = false
  public var device = false
  public var anonymous = false

  public init(
    profiles: Set<Profile> = [], scopes: Set<Scope> = [], client: Bool = false, device: Bool = false,
    anonymous: Bool = false
  ) {
    self.profiles = profiles
    self.scopes = scopes
    self.client = client
    self.device = device
    self.anonymous = anonymous
  }

  /// No credential: sign-in and the like.
  public static let anyone = Access(anonymous: true)
  /// Every member of staff.
  public static let staff = Access(profiles: Set(Profile.allCases))
  public static func staff(_ profiles: Profile...) -> Access {
    Access(profiles: Set(profiles).union([.superAdmin]))
  }
  /// A field device's own token.
  public static let device = Access(device: true)
  /// The account of a contact.
  public static let client = Access(client: true)

  public func or(_ other: Access) -> Access {
    Access(
      profiles: profiles.union(other.profiles), scopes: scopes.union(other.scopes),
      client: client || other.client, device: device || other.device, anonymous: anonymous || other.anonymous)
  }
  public func orScope(_ scope: Scope) -> Access { or(Access(scopes: [scope])) }

  func allows(_ principal: Principal) -> Bool {
    switch principal.kind {
    case .staff: !profiles.isDisjoint(with: principal.profiles)
    case .client: client
    case .device: device
    case .token: !scopes.isDisjoint(with: principal.scopes)
    }
  }
}
