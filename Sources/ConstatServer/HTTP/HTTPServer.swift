import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// Serves an app over HTTP/1.1 until told to stop; then it takes no new connection, ends the live events and lets what
/// else is under way end.
public struct HTTPServer: Service {
  let app: App
  let host: String
  let port: Int
  let logger: Logger
  /// Told the port that was bound, which differs from the one asked for when that was 0.
  let onListening: @Sendable (Int) async -> Void

  public init(
    _ app: App, host: String, port: Int, logger: Logger,
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.app = app
    self.host = host
    self.port = port
    self.logger = logger
    self.onListening = onListening
  }

  public func run() async throws {
    let onListening = onListening
    let application = Application(
      router: app.router(),
      // A connection that neither sends nor receives for a minute is closed, so that slow ones do not pile
      // up.
      server: .http1(configuration: .init(idleTimeout: .seconds(60))),
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
      onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
      logger: logger)
    try await withGracefulShutdownHandler {
      try await application.run()
    } onGracefulShutdown: {
      app.installation.startDraining()
      app.live.close()
    }
  }
}
