public import ArgumentParser
public import ConstatCore
public import ConstatDevice

// How values of the trade are written on the command line.

extension Outbuilding.Kind: ExpressibleByArgument {}
extension DiagnosticOutcome: ExpressibleByArgument {}
extension PropertyType: ExpressibleByArgument {}
extension PaymentMeans: ExpressibleByArgument {}

extension Day: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension Money: ExpressibleByArgument {
  /// Euros, with a point or a comma: "396.80".
  public init?(argument: String) {
    guard let amount = try? Money(decimal: argument.replacing(",", with: ".")) else { return nil }
    self = amount
  }
}

extension Position: ExpressibleByArgument {
  /// Latitude and longitude in degrees: "43.49,-1.47".
  public init?(argument: String) {
    let parts = argument.split(separator: ",").map { Double($0) }
    guard parts.count == 2, let latitude = parts[0], let longitude = parts[1] else { return nil }
    self.init(latitude: latitude, longitude: longitude)
  }
}
