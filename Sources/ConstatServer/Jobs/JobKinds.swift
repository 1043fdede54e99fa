/// Every kind of job that a worker carries out; a capability adds one line here for each.
public enum JobKinds {
  public static let all: [any Job.Type] = [
    PruneIdempotencyKeysJob.self, PruneSessionsJob.self, PruneJobsJob.self,
    ExpireUploadsJob.self, SweepBlobsJob.self, CheckBlobsJob.self, AddressDeliveriesJob.self,
  ]
}
