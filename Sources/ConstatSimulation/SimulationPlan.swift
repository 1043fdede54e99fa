/// What a simulation does, and what goes wrong in it. The seed decides what everyone chooses to do; when each of it
/// happens is the machine's, so the same seed gives the same troubles in nearly the same order.
public struct SimulationPlan: Sendable {
  public var devices: Int
  public var seconds: Int
  public var seed: UInt64
  public var troubles: Set<Trouble>

  public init(devices: Int, seconds: Int, seed: UInt64, troubles: Set<Trouble> = Set(Trouble.allCases)) {
    self.devices = devices
    self.seconds = seconds
    self.seed = seed
    self.troubles = troubles
  }
}

/// What can go wrong, by the name that `--faults` takes.
public enum Trouble: String, Sendable, CaseIterable, Comparable {
  /// A request does not arrive.
  case lostRequests = "lost-requests"
  /// A request arrives, and its answer does not.
  case lostAnswers = "lost-answers"
  /// A request arrives twice.
  case duplicates
  /// A request, or its answer, takes its time.
  case delays
  /// A request is given up by its sender, and arrives after the one that took its place.
  case reordering
  /// The connection ends in the middle of a request or of an answer.
  case cuts
  /// The office gives a mission to another technician.
  case reassignments
  /// A technician goes on with a mission that was taken away and not yet synced.
  case lateEdits = "late-edits"
  /// A device is switched off in the middle of anything, and on again.
  case deviceKills = "device-kills"
  /// A device dies between two pages of a pull.
  case appKills = "app-kills"
  /// `kill -9` of the API.
  case apiKills = "api-kills"
  /// `kill -9` of PostgreSQL: of one of its processes, or of all.
  case postgresKills = "postgres-kills"
  /// The office revokes a device that still has something to tell; its technician gets a new one.
  case revocation
  /// The office records money for what a technician was paid on site, and the device cannot know.
  case doublePayments = "double-payments"
  /// The office changes what both parties have signed.
  case signedEdits = "signed-edits"
  /// The company shows its devices less, or other things, while edits of theirs are under way.
  case withholding
  /// The company stops offering the online provider while money that came through it is under way.
  case cardStops = "card-stops"
  /// The server's database is put back to what it was at a backup.
  case restore

  public static func < (left: Trouble, right: Trouble) -> Bool { left.rawValue < right.rawValue }
}

/// A number of things that happened, by what they were.
struct Tally: Sendable {
  private(set) var counts: [String: Int] = [:]

  mutating func add(_ what: String, _ count: Int = 1) { counts[what, default: 0] += count }
  mutating func add(_ trouble: Trouble) { add(trouble.rawValue) }
  mutating func add(_ other: Tally) { counts.merge(other.counts, uniquingKeysWith: +) }
  subscript(trouble: Trouble) -> Int { counts[trouble.rawValue] ?? 0 }
}
