public import ConstatCore
public import ConstatSync
import GRDB

/// A technician's device: the missions in its file, what the technician does to them with or without network, and the
/// exchange with the server. All that it is told is on the disk before it returns.
public final class FieldDevice: Sendable {
  let store: DeviceStore
  let transport: Transport
  let environment: DeviceEnvironment
  let queue = SyncQueue()
  /// Files are sent one run at a time too, beside the edits.
  let files = SyncQueue()

  private init(store: DeviceStore, transport: Transport, environment: DeviceEnvironment) {
    self.store = store
    self.transport = transport
    self.environment = environment
  }

  /// Signs the technician in once, registers this installation and keeps its secret in the file. Needs the network;
  /// where that fails the file is not enrolled. `organization` is needed where the address is known in several.
  public static func enrol(
    file: String, server: String, email: String, password: String, name: String, organization: String? = nil,
    platform: String? = nil, transport: Transport? = nil, environment: DeviceEnvironment = .system
  ) async throws -> FieldDevice {
    let store = try DeviceStore(file: file)
    guard try await store.pool.read({ db in try MetaStore(db: db).enrolment() }) == nil else {
      throw DeviceError.alreadyEnrolled
    }
    let transport = try transport ?? Transport.http(server)
    let (enrolment, _) = try await Registration(transport: transport, server: server).register(
      email: email, password: password, organization: organization, name: name,
      platform: platform ?? Registration.platform)
    try await store.pool.write { db in try MetaStore(db: db).set(enrolment) }
    return FieldDevice(store: store, transport: transport, environment: environment)
  }

  /// Opens an enrolled file. Without `transport`, over HTTP to the server that it was enrolled at.
  public static func open(
    file: String, transport: Transport? = nil, environment: DeviceEnvironment = .system
  ) async throws -> FieldDevice {
    let store = try DeviceStore(file: file)
    guard let enrolment = try await store.pool.read({ db in try MetaStore(db: db).enrolment() }) else {
      throw DeviceError.notEnrolled
    }
    return FieldDevice(
      store: store, transport: try transport ?? Transport.http(enrolment.server), environment: environment)
  }

  /// Enrols the file anew after `SyncError.enrolmentNeeded` or `.signInRefused`: edits that the server does not hold are
  /// kept and go out under the new identity, be it that they were never answered or that the server was restored from a
  /// backup that is older than its answer.
  public func enrolAgain(email: String, password: String, organization: String? = nil) async throws {
    let old = try await enrolment()
    let (new, lineage) = try await Registration(transport: transport, server: old.server).register(
      email: email, password: password, organization: organization, name: old.name,
      platform: Registration.platform)
    try await queue.run { [store] in
      try await store.pool.write { db in
        let journal = JournalStore(db: db)
        guard try new.technician == old.technician || journal.unheld(by: lineage).isEmpty else {
          throw DeviceError.otherTechnician
        }
        try journal.renumber(for: lineage)
        let meta = MetaStore(db: db)
        try meta.set(new)
        try meta.set(.cursor, nil)
        try CheckpointStore(db: db).clearStaging()
      }
    }
  }

  /// Closes the file. The device is not to be used afterwards.
  public func close() throws { try store.pool.close() }

  /// Throws `DeviceError.notEnrolled` after a wipe.
  public func enrolment() async throws -> Enrolment {
    guard let enrolment = try await store.pool.read({ db in try MetaStore(db: db).enrolment() }) else {
      throw DeviceError.notEnrolled
    }
    return enrolment
  }

  // MARK: Exchange

  /// Sends all edits, then receives all changes, which show at once or not at all. Where the network breaks it throws
  /// `SyncError.offline`; calling it again goes on from there, and what was sent twice counts once. Calls made while
  /// one is running wait for it.
  @discardableResult
  public func sync(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws -> SyncReport
  {
    try await exchange(isVerifying: false, progress)
  }

  /// Syncs, then compares all that the device holds with what the server says it should; where something differs, all
  /// rows are received anew and the inbox says so. Edits are not touched. A sync does this by itself once a day.
  @discardableResult
  public func verify(progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }) async throws
    -> SyncReport
  {
    try await exchange(isVerifying: true, progress)
  }

  private func exchange(
    isVerifying: Bool, _ progress: @escaping @Sendable (SyncProgress) -> Void
  ) async throws -> SyncReport {
    try await queue.run { [self] in
      let enrolment = try await enrolment()
      return try await SyncRun(
        store: store, session: await session(of: enrolment), enrolment: enrolment, environment: environment,
        isVerifying: isVerifying, progress: progress, sendFiles: { try await self.uploadAttachments() }
      ).run()
    }
  }

  /// The device's session, which edits, files and live events share.
  func session(of enrolment: Enrolment) async -> DeviceSession {
    await queue.session(enrolment, transport: transport, environment: environment)
  }

  /// Edits that the server has not answered yet.
  public var unsentCount: Int {
    get async throws { try await store.pool.read { db in try JournalStore(db: db).waitingCount() } }
  }

  /// When the oldest of them was made.
  public var oldestUnsentAt: Instant? {
    get async throws { try await store.pool.read { db in try JournalStore(db: db).oldestWaitingAt() } }
  }

  /// What the technician must be told, oldest first.
  public var inbox: [InboxItem] {
    get async throws { try await store.pool.read { db in try InboxStore(db: db).items() } }
  }

  /// The technician has read it. It comes back only where the server says otherwise than it did.
  public func dismiss(_ item: InboxItem) async throws {
    try await store.pool.write { db in try InboxStore(db: db).dismiss(item.id) }
  }

  /// All edits and their answers as JSON, so that nothing typed is ever out of reach, whatever the server says.
  public func exportJournal() async throws -> String {
    try await store.pool.read { [environment] db in
      let meta = MetaStore(db: db)
      let base = try meta.base()
      let document: JSONValue = [
        "device": JSONValue(try meta[.device]), "technician": JSONValue(try meta[.technician]),
        "exported_at": .string(environment.now().description),
        "checkpoint": ["epoch": .string(base.epoch), "v": .integer(base.version)],
        "journal": try JournalStore(db: db).export(),
      ]
      return document.description
    }
  }

  /// Every row as it shows, by key: for comparison with the server, and for what the typed missions leave out.
  public func rows() async throws -> [EntityKey: LocalEntity] {
    try await store.pool.read { db in try LocalReader(db).all() }
  }

  /// Records a gesture: all of it is in the journal when this returns, or nothing is.
  @discardableResult
  func record<Value: Sendable>(
    in mission: String, _ body: @escaping @Sendable (inout Gesture) throws -> Value
  ) async throws -> Value {
    try await store.pool.write { [environment] db in
      var gesture = try Gesture(db, mission: mission.lowercased(), environment: environment)
      let value = try body(&gesture)
      try gesture.record()
      return value
    }
  }
}
