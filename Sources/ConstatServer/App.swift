public import Hummingbird
import HTTPTypes
import ConstatCore

/// The composition root: every capability's routes, in one table.
public struct App: Sendable {
  public let services: Services
  public let installation: Installation
  public let routes: Routes

  public init(services: Services, installation: Installation) {
    self.services = services
    self.installation = installation
    var routes = Routes()
    InstallationRoutes(installation: installation).register(in: &routes)
    ContactRoutes().register(in: &routes)
    DeviceRoutes().register(in: &routes)
    PullRoutes().register(in: &routes)
    PushRoutes().register(in: &routes)
    ConflictRoutes().register(in: &routes)
    self.routes = routes
  }

  public func router() -> Router<GatewayContext> {
    Gateway(services: services, routes: routes).router()
  }
}
