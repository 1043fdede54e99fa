/// The main job, played against a running server: the phone call, the cellar, the network that comes back badly, the
/// invoice, the accountant's file. Each step says what it did and what came of it; the first that is not as told ends
/// the story. The demo command and the end-to-end test play the same one.
public struct Story: Sendable {
  public struct SignIn: Sendable {
    public let email: String
    public let password: String

    public init(email: String, password: String) {
      self.email = email
      self.password = password
    }
  }

  /// Who plays, and where.
  public struct Cast: Sendable {
    public var server: String
    public var admin: SignIn
    public var office: SignIn
    public var accountant: SignIn
    public var marc: SignIn
    public var nadia: SignIn
    /// An administrator of another organization on the same server.
    public var neighbour: SignIn
    /// Where the device's file goes; must not exist.
    public var deviceFile: String

    public init(
      server: String, admin: SignIn, office: SignIn, accountant: SignIn, marc: SignIn, nadia: SignIn,
      neighbour: SignIn, deviceFile: String
    ) {
      self.server = server
      self.admin = admin
      self.office = office
      self.accountant = accountant
      self.marc = marc
      self.nadia = nadia
      self.neighbour = neighbour
      self.deviceFile = deviceFile
    }
  }

  /// What is told as it happens.
  public enum Line: Sendable {
    case chapter(String)
    case step(String, String)
  }

  /// A step whose outcome is not as told.
  public struct Departure: Error, Sendable, CustomStringConvertible {
    public let step: String
    public let detail: String
    public var description: String { "\(step): \(detail)" }
  }

  let cast: Cast
  let tell: @Sendable (Line) -> Void

  public init(cast: Cast, tell: @escaping @Sendable (Line) -> Void) {
    self.cast = cast
    self.tell = tell
  }

  public func play() async throws {
    let stage = Stage(cast: cast, tell: tell)
    tell(.chapter("1. Le bureau — the order, taken by phone"))
    let order = try await OfficeChapter(stage: stage).play()
    tell(.chapter("2. Le terrain — ten steps without network"))
    let visit = try await FieldChapter(stage: stage, order: order).play()
    tell(.chapter("3. La synchronisation — the network comes back, badly"))
    try await SyncChapter(stage: stage, order: order, visit: visit).play()
    tell(.chapter("4. Les livres — invoice, cheque, slip, credit note, FEC"))
    let invoice = try await BooksChapter(stage: stage, order: order).play()
    tell(.chapter("5. Les droits — who sees what"))
    try await RightsChapter(stage: stage, order: order, invoice: invoice).play()
  }
}
