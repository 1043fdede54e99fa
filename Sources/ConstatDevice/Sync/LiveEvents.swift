import ConstatCore
import ConstatSync
import GRDB

/// The server has something that this device does not: time to sync. It does not say what.
public struct LivePoke: Sendable, Hashable {
  /// What the checkpoint's version will have reached once it is synced.
  public let version: Int64
}

extension FieldDevice {
  /// Says when a sync would bring something, for as long as it is read: `for await _ in device.events() { try await
  /// device.sync() }`. It goes on through lost networks and restarted servers, waiting a little longer each time. Only
  /// the last poke waits for a reader that is slow. It ends where only the technician can help, after a last poke where
  /// a sync would say so: a device that was revoked, or a secret that is no longer accepted.
  public func events() -> AsyncStream<LivePoke> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
      let task = Task {
        var delay = ReconnectDelay()
        while !Task.isCancelled {
          do {
            try await listen { poke in
              delay.reset()
              continuation.yield(poke)
            }
          } catch SyncError.refused, SyncError.signInRefused {
            continuation.yield(LivePoke(version: .max))
            break
          } catch is DeviceError {
            break
          } catch {}
          try? await Task.sleep(for: delay.next())
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// One connection, from its first message to its end.
  private func listen(_ tell: (LivePoke) -> Void) async throws {
    let enrolment = try await enrolment()
    let session = await session(of: enrolment)
    var messages = EventReader()
    for try await bytes in try await session.listen("/v1/sync/events") {
      for version in messages.versions(in: bytes) {
        let shown = try await store.pool.read { db in try MetaStore(db: db).base().version }
        if version > shown { tell(LivePoke(version: version)) }
      }
    }
  }
}

/// How long to wait before the next attempt: a second, doubled each time up to a minute, and not the same for all devices
/// that lost the same server.
struct ReconnectDelay {
  private var seconds = 1.0

  mutating func next() -> Duration {
    defer { seconds = min(seconds * 2, 60) }
    return .seconds(seconds * Double.random(in: 0.5...1))
  }

  mutating func reset() { seconds = 1 }
}

/// Reads the data lines of server-sent events, however the bytes are cut.
struct EventReader {
  private var line: [UInt8] = []

  /// The versions of the pokes that end in these bytes.
  mutating func versions(in bytes: [UInt8]) -> [Int64] {
    var versions: [Int64] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
        line.append(byte)
        continue
      }
      if line.starts(with: "data:".utf8), let value = try? JSONValue.parse(Array(line.dropFirst(5))),
        let version = value["v"]?.integer
      {
        versions.append(version)
      }
      line.removeAll(keepingCapacity: true)
    }
    return versions
  }
}
