/// The contract of a dossier: quote, mission order and ADEME form, each signed or not (MIS-29, MIS-30).
public struct DossierContract: Sendable, Hashable {
  public enum SignatureState: String, Sendable, Hashable, Codable, CaseIterable {
    case unsigned
    /// One of the two parties has signed, or both have and the mission is not at its end.
    case partlySigned = "partly_signed"
    case signed
  }

  public var quoteSignedOn: Day?
  public var ademeFormSignedOn: Day?
  /// Whose signature is on the mission order.
  public var signers: Set<Signature.Signer>
  public var isOrderFinalised: Bool

  public init(
    quoteSignedOn: Day? = nil, ademeFormSignedOn: Day? = nil, signers: Set<Signature.Signer> = [],
    isOrderFinalised: Bool = false
  ) {
    self.quoteSignedOn = quoteSignedOn
    self.ademeFormSignedOn = ademeFormSignedOn
    self.signers = signers
    self.isOrderFinalised = isOrderFinalised
  }

  public func state(of piece: Document.ContractPiece) -> SignatureState {
    switch piece {
    case .quote: quoteSignedOn == nil ? .unsigned : .signed
    case .ademeForm: ademeFormSignedOn == nil ? .unsigned : .signed
    case .missionOrder:
      // Both signatures are what finalisation asks for.
      isOrderFinalised ? .signed : signers.isEmpty ? .unsigned : .partlySigned
    }
  }

  /// The client's word is there: the quote, or the mission order that stands for it (QUO-16).
  public var isAccepted: Bool { state(of: .quote) == .signed || state(of: .missionOrder) == .signed }
}
