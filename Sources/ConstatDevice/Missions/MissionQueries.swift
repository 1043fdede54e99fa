public import ConstatCore
import ConstatSync
import GRDB

extension FieldDevice {
  /// The technician's missions as they show now, by their next appointment.
  public func missions() async throws -> [Mission] {
    try await store.pool.read { db in try MissionReader(LocalReader(db).all()).missions() }
  }

  /// One mission; nil where it is not on this device.
  public func mission(_ id: String) async throws -> Mission? {
    let id = id.lowercased()
    return try await store.pool.read { db in
      try MissionReader(LocalReader(db).rows(ofMission: id)).mission(id)
    }
  }

  /// The technician's day, by time: the visits planned for him that were not cancelled. Each visit's day is the one that
  /// the clock on site shows; today's unless told.
  public func routeSheet(on day: Day? = nil) async throws -> [RouteSheetStop] {
    let now = environment.now()
    return try await store.pool.read { db in
      let technician = try MetaStore(db: db).enrolment()?.technician
      return try MissionReader(LocalReader(db).all()).missions().flatMap { mission in
        mission.appointments.filter { visit in
          let zone = (try? Zone(visit.timeZone)) ?? .paris
          return visit.technicianID == technician && visit.status != .cancelled
            && zone.day(of: visit.startsAt) == day ?? zone.day(of: now)
        }.map { RouteSheetStop(appointment: $0, mission: mission) }
      }.sorted { ($0.appointment.startsAt, $0.id) < ($1.appointment.startsAt, $1.id) }
    }
  }

  /// What the company lets its technicians do and see, as of the last sync.
  public func settings() async throws -> FieldSettings {
    try await store.pool.read { db in try CheckpointStore(db: db).settings() }
  }

  /// The conflicts of all missions, open ones first.
  public var conflicts: [MissionConflict] {
    get async throws {
      try await missions().flatMap(\.conflicts).sorted {
        ($0.isOpen ? 0 : 1, $0.id) < ($1.isOpen ? 0 : 1, $1.id)
      }
    }
  }

  /// The missions now, and again after each change, be it an edit or a sync.
  public func observeMissions() -> AsyncThrowingStream<[Mission], any Error> {
    observe { db in try MissionReader(LocalReader(db).all()).missions() }
  }

  /// One mission now, and again after each change; nil once it has left.
  public func observeMission(_ id: String) -> AsyncThrowingStream<Mission?, any Error> {
    let id = id.lowercased()
    return observe { db in try MissionReader(LocalReader(db).rows(ofMission: id)).mission(id) }
  }

  /// How many edits wait to be sent, now and after each change.
  public func observeUnsentCount() -> AsyncThrowingStream<Int, any Error> {
    observe { db in try JournalStore(db: db).waitingCount() }
  }

  /// What the technician must be told, now and after each change.
  public func observeInbox() -> AsyncThrowingStream<[InboxItem], any Error> {
    observe { db in try InboxStore(db: db).items() }
  }

  /// Only the latest value waits for a reader that is slow.
  func observe<Value: Sendable & Equatable>(
    _ read: @escaping @Sendable (Database) throws -> Value
  ) -> AsyncThrowingStream<Value, any Error> {
    let values = ValueObservation.tracking(read).removeDuplicates().values(in: store.pool)
    return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let task = Task {
        do {
          for try await value in values { continuation.yield(value) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}
