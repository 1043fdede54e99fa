/// Every kind of job that a worker carries out; a capability adds one line here for each.
public enum JobKinds {
  /// What a worker with these services can do. What it cannot waits for one that can.
  public static func all(with services: Services) -> [any Job.Type] {
    let effects: [(any Job.Type)?] = [
      services.renderer == nil ? nil : RenderMissionDocumentJob.self,
      services.mail == nil ? nil : SendMissionDeliveryJob.self,
    ]
    return always + effects.compactMap { $0 }
  }

  /// What needs nothing but the database and the storage.
  private static let always: [any Job.Type] = [
    PruneIdempotencyKeysJob.self, PruneSessionsJob.self, PruneJobsJob.self,
    ExpireUploadsJob.self, SweepBlobsJob.self, CheckBlobsJob.self, AddressDeliveriesJob.self,
  ]
}
