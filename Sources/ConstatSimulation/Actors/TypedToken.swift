import ConstatCore

/// A value that somebody typed, known by a text that occurs nowhere else.
struct TypedToken: Sendable, Hashable {
  enum Kind: Sendable { case set, note, list, creation }
  let text: String
  let kind: Kind
  /// The device's id; empty for the office.
  let device: String
  let author: Int
  /// The chronicle's stretches from when it was typed to when it was answered; of a device, when it was typed.
  var stretches = 0...0
  /// Of a device: the stretch at whose end the server had settled it for sure; nil while that is not known.
  var settledBy: Int?
}

/// A photo that a technician took.
struct TakenPhoto: Sendable {
  let token: String
  let sha256: String
}

/// Money that somebody received, with a token as its reference.
struct TakenPayment: Sendable {
  let token: String
  let means: PaymentMeans
  let cents: Int64
}
