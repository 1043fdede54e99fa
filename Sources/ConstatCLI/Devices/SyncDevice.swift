import ArgumentParser
import ConstatDevice
import ConstatSync

/// Sends what waits, then brings what changed.
struct SyncDevice: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync", abstract: "Send all edits, then receive all changes.")

  static let farewell = "The device was revoked: its edits were sent, then it was wiped."

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    let report = try await device.sync { progress in
      switch progress {
      case .pushing(let answered, let total): Terminal.note("sent \(answered) of \(total)")
      case .pulling(let pages, let events): Terminal.note("received \(events) changes in \(pages) pages")
      case .finished: break
      }
    }
    if report.isWiped { return [Self.farewell] }
    var lines = ["\(report.results.count) edits sent, \(report.events) changes received."]
    for status in MutationStatus.allCases where status != .applied && report.count(status) > 0 {
      lines.append("\(report.count(status)) \(status.rawValue)")
    }
    let news = try await device.inbox.count
    if news > 0 { lines.append("\(news) messages: `constat device inbox`") }
    return lines
  }
}

/// Syncs whenever the server has news.
struct WatchDevice: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Sync as soon as the server has something new, until Ctrl-C.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    // What was edited before is no news of the server's.
    if try await isWiped(device) { return [SyncDevice.farewell] }
    for await _ in device.events() {
      if try await isWiped(device) { return [SyncDevice.farewell] }
    }
    return []
  }

  /// A sync; where the network breaks the next event comes once it is back.
  private func isWiped(_ device: FieldDevice) async throws -> Bool {
    do {
      let report = try await device.sync()
      Terminal.note("\(report.results.count) edits sent, \(report.events) changes received")
      return report.isWiped
    } catch SyncError.offline, SyncError.serverBusy {
      return false
    }
  }
}
