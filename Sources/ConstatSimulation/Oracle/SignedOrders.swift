import ConstatSync

extension Oracle {
  /// What both parties have signed the office does not write over: it proposes. What it typed before the signatures came
  /// may come back when a conflict is decided; what it typed afterwards is written where a proposal was accepted.
  func signedOrders() -> [String] {
    officeTyped.compactMap { token in
      guard let place = evidence.places[token.text], let dossier = evidence.dossiers[place.row],
        let signed = evidence.signed[dossier],
        EntityType(rawValue: place.table)?.rule(of: place.field)?.policy == .observed,
        let write = evidence.writes[place]?.first(where: { $0.after.contains(token.text) }),
        write.operation == "update", write.version > signed, !evidence.accepted.contains(token.text)
      else { return nil }
      return "\(token.text) was written over what both parties have signed (\(place.table) \(place.field))"
    }
  }
}
