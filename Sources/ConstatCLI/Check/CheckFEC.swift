import ArgumentParser
import ConstatLedger
import Foundation

/// Judges a FEC (LPF art. A47 A-1) more strictly than the authority's own tester.
struct CheckFEC: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fec",
    abstract: "Check a FEC, Constat's or another's: a line for each fault, and exit code 1.")

  @Argument(help: "The file, named SIRENFECyyyymmdd.txt by its closing day.", completion: .file())
  var file: String

  @Flag(help: "Accept any file name, such as that of a download.")
  var anyName = false

  @Flag(help: "The file is a part of its fiscal year: numbers may have gaps.")
  var partOfYear = false

  @Flag(help: "The file was written by Constat: only customers have auxiliary accounts.")
  var constat = false

  func run() async throws {
    let url = URL(filePath: file)
    guard let bytes = try? Data(contentsOf: url) else { throw Terminal.failure("cannot read \(file)") }
    var validator = FECValidator()
    validator.isPartOfYear = partOfYear
    validator.origin = constat ? .constat : .any
    let findings =
      anyName
      ? validator.validate(Array(bytes)) : validator.validate(Array(bytes), fileName: url.lastPathComponent)
    for finding in findings { Terminal.say("\(file) : \(finding)") }
    guard findings.isEmpty else { throw ExitCode.failure }
    Terminal.say("\(file) : conforme")
  }
}
