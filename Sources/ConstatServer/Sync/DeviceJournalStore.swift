import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// All SQL that writes how far a device's journal has come, and what the device says of itself.
struct DeviceJournalStore {
  let organization: UUID

  /// A pull came.
  func seen(_ device: UUID, _ report: DeviceReport, schema: Int, skew: Int64?) -> SQL {
    """
    UPDATE system.device_journal SET last_seen_at = now(), unsent_count = \(report.unsentCount),
      oldest_unsent_at = \(report.oldestUnsentAt?.description)::timestamptz, schema = \(Int32(clamping: schema)),
      clock_skew_seconds = \(skew)
    WHERE organization_id = \(organization) AND device_id = \(device)
    """
  }

  /// A push was settled: what it carried is no longer unsent.
  func settled(_ device: UUID, _ items: [PushRequest.Item], _ request: PushRequest, skew: Int64?) -> SQL {
    let held: SQL = "coalesce(\(request.report.unsentCount), unsent_count) - \(items.count)"
    return """
      UPDATE system.device_journal SET last_sequence = \(items.last?.seq ?? 0), last_seen_at = now(),
        unsent_count = greatest(\(held), 0), oldest_unsent_at = CASE WHEN \(held) > 0
          THEN coalesce(\(request.report.oldestUnsentAt?.description)::timestamptz, oldest_unsent_at) END,
        clock_skew_seconds = \(skew), refusal = NULL, refused_at = NULL
      WHERE organization_id = \(organization) AND device_id = \(device)
      """
  }

  /// A push of the signed-in device was refused whole.
  func refused(as code: String, _ report: DeviceReport, skew: Int64?) -> SQL {
    """
    UPDATE system.device_journal SET last_seen_at = now(), unsent_count = coalesce(\(report.unsentCount), unsent_count),
      oldest_unsent_at = coalesce(\(report.oldestUnsentAt?.description)::timestamptz, oldest_unsent_at),
      clock_skew_seconds = \(skew), refusal = \(code), refused_at = now()
    WHERE organization_id = \(organization) AND device_id = \(PrincipalStore.signedInDevice)
    """
  }
}
