import ConstatCore
import HTTPTypes
public import Hummingbird

/// The composition root: every capability's routes, in one table.
public struct App: Sendable {
  public let services: Services
  public let installation: Installation
  public let routes: Routes
  let live: LiveHub
  let news: FeedNews

  public init(services: Services, installation: Installation) {
    self.services = services
    self.installation = installation
    news = FeedNews()
    live = LiveHub(pool: services.pool, news: news)
    let hashing = PasswordHashing()
    var routes = Routes()
    InstallationRoutes(installation: installation).register(in: &routes)
    SessionRoutes(hashing: hashing).register(in: &routes)
    UserRoutes(hashing: hashing).register(in: &routes)
    APITokenRoutes().register(in: &routes)
    OrganizationRoutes().register(in: &routes)
    ContactRoutes().register(in: &routes)
    ClientAccountRoutes(hashing: hashing).register(in: &routes)
    PortalRoutes().register(in: &routes)
    DocumentRoutes().register(in: &routes)
    ContractRoutes().register(in: &routes)
    AttachmentRoutes().register(in: &routes)
    UploadRoutes().register(in: &routes)
    HistoryRoutes().register(in: &routes)
    DeviceRoutes().register(in: &routes)
    PullRoutes(news: news).register(in: &routes)
    PushRoutes(news: news).register(in: &routes)
    LiveRoutes(hub: live).register(in: &routes)
    DigestRoutes().register(in: &routes)
    ConflictRoutes().register(in: &routes)
    BuildingRoutes().register(in: &routes)
    DiagnosticRoutes().register(in: &routes)
    PricingRoutes().register(in: &routes)
    DossierRoutes().register(in: &routes)
    DossierContactRoutes().register(in: &routes)
    PlanningRoutes().register(in: &routes)
    LeadAnalyserRoutes().register(in: &routes)
    MissionOrderRoutes().register(in: &routes)
    MissionDocumentRoutes().register(in: &routes)
    ProposalRoutes().register(in: &routes)
    InvoiceRoutes().register(in: &routes)
    PaymentRoutes().register(in: &routes)
    DepositSlipRoutes().register(in: &routes)
    AccountingRoutes().register(in: &routes)
    ExportRoutes().register(in: &routes)
    self.routes = routes
  }

  public func router() -> Router<GatewayContext> {
    Gateway(services: services, routes: routes).router()
  }
}
