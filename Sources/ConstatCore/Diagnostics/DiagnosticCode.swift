/// The codes of the diagnostics that the law knows; an organization may add its own.
public enum DiagnosticCode: String, Sendable, Hashable, Codable, CaseIterable {
  case dpe
  case collectiveDPE = "dpe_collective"
  case energyAudit = "energy_audit"
  /// Constat de risque d'exposition au plomb (CREP).
  case lead
  case leadWorks = "lead_works"
  case asbestos
  /// Repérage avant travaux (RAAT).
  case asbestosWorks = "asbestos_works"
  /// Dossier technique amiante of common parts and other premises (DTA).
  case asbestosFile = "asbestos_dta"
  case termites
  case gas
  case electricity
  /// État des risques (ERP).
  case riskReport = "risk_report"
  case noise
  /// Without a public sewer: assainissement non collectif.
  case sanitation
  /// Connection to the public sewer, where the commune asks for it.
  case sewer
  case carrez
  case boutin
}

/// What an organization's catalogue starts with (DIA-02, AMB-35); all of it can be edited.
public struct DiagnosticCatalogueEntry: Sendable, Hashable {
  public let code: DiagnosticCode
  public let label: String
  public let inTechnicalFile: Bool
  public let requiresLeadAnalyser: Bool
  public let durationMinutes: Int

  /// In the order in which they are listed.
  public static let defaults: [DiagnosticCatalogueEntry] = [
    .init(.dpe, "Diagnostic de performance énergétique", minutes: 60),
    .init(.collectiveDPE, "DPE collectif", minutes: 240, file: false),
    .init(.energyAudit, "Audit énergétique", minutes: 180),
    .init(.lead, "Constat de risque d'exposition au plomb", minutes: 60, analyser: true),
    .init(.leadWorks, "Recherche de plomb avant travaux", minutes: 60, file: false, analyser: true),
    .init(.asbestos, "Amiante", minutes: 30),
    .init(.asbestosWorks, "Amiante avant travaux", minutes: 120, file: false),
    .init(.asbestosFile, "Dossier technique amiante", minutes: 120, file: false),
    .init(.termites, "Termites", minutes: 30),
    .init(.gas, "Installation intérieure de gaz", minutes: 20),
    .init(.electricity, "Installation intérieure d'électricité", minutes: 30),
    .init(.riskReport, "État des risques et pollutions", minutes: 10),
    .init(.noise, "État des nuisances sonores aériennes", minutes: 5),
    .init(.sanitation, "Assainissement non collectif", minutes: 60),
    .init(.sewer, "Raccordement à l'assainissement collectif", minutes: 45, file: false),
    .init(.carrez, "Surface privative (loi Carrez)", minutes: 30, file: false),
    .init(.boutin, "Surface habitable (loi Boutin)", minutes: 30, file: false),
  ]

  private init(
    _ code: DiagnosticCode, _ label: String, minutes: Int, file: Bool = true, analyser: Bool = false
  ) {
    self.code = code
    self.label = label
    inTechnicalFile = file
    requiresLeadAnalyser = analyser
    durationMinutes = minutes
  }
}
