/// The server's state at one version, as far as this device sees it.
public struct Checkpoint: Sendable, Hashable {
  /// What new edits are based on. Version 0 of no epoch before the first pull.
  public var base: Mutation.Base
  /// For the next pull; nil before the first.
  public var cursor: String?
  public var entities: [EntityKey: Entity]

  public init(
    base: Mutation.Base = .init(epoch: "", version: 0), cursor: String? = nil,
    entities: [EntityKey: Entity] = [:]
  ) {
    self.base = base
    self.cursor = cursor
    self.entities = entities
  }

  /// The checkpoint after a whole set of pages: all of it or nothing of it is ever shown.
  public func applying(_ staging: Staging) -> Checkpoint {
    precondition(staging.isComplete, "pages are still missing")
    var entities = staging.isReset ? [:] : entities
    for event in staging.events {
      switch event {
      case .put(let entity): entities[entity.key] = entity
      case .delete(let key, _): entities[key] = nil
      case .leave(let mission, _, _): entities[EntityKey(.dossier, mission)] = nil
      case .unknown: break
      }
    }
    let kept = Reachability.keep(entities.values.lazy.map { ($0.key, $0.fields) })
    entities = entities.filter { kept.contains($0.key) }
    return Checkpoint(
      base: .init(epoch: staging.epoch, version: staging.version), cursor: staging.cursor,
      entities: entities)
  }
}

/// The pages of a pull that is under way. They may be stored and taken up again after a restart,
/// or thrown away: the checkpoint's own cursor then starts anew.
public struct Staging: Sendable, Hashable {
  /// True where the pages start from nothing and replace what the device has.
  public private(set) var isReset: Bool
  public private(set) var events: [SyncEvent] = []
  public private(set) var epoch: String
  /// For the next page.
  public private(set) var cursor: String
  public private(set) var isComplete: Bool
  /// The version of the whole, known with the last page.
  public private(set) var version: Int64

  /// Starts with the first page of a pull.
  public init(first page: PullResponse) {
    isReset = page.reset
    events = page.events
    epoch = page.epoch
    cursor = page.cursor
    isComplete = !page.more
    version = page.version
  }

  /// Adds a page. One that starts from nothing (the server was restored between two pages) throws
  /// the earlier ones away.
  public mutating func append(_ page: PullResponse) {
    if page.reset || page.epoch != epoch {
      self = Staging(first: page)
      return
    }
    events += page.events
    cursor = page.cursor
    isComplete = !page.more
    version = page.version
  }
}
