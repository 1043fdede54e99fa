import ArgumentParser
import Foundation
import Testing

@testable import ConstatCLI

/// `constat check fec FILE`, on any FEC.
@Suite struct CheckFECTests {
  private static let columns =
    "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum CompAuxLib PieceRef PieceDate "
    + "EcritureLib Debit Credit EcritureLet DateLet ValidDate Montantdevise Idevise"
  private static let sale: [[String]] = [
    ["411000", "Clients", "C1", "Durand", "120,00", "0,00"],
    ["706000", "Prestations", "", "", "100,00", "0,00"],
    ["445710", "TVA collectée", "", "", "0,00", "20,00"],
  ]

  /// Its exit code, of a file with one sale whose second line has these amounts.
  private func checked(_ debit: String, _ credit: String, named name: String) async throws -> Int32 {
    var lines = [Self.columns.split(separator: " ").map(String.init)]
    for (index, line) in Self.sale.enumerated() {
      let amounts = index == 1 ? [debit, credit] : Array(line.suffix(2))
      lines.append(
        ["VE", "Ventes", "1", "20261201"] + line.prefix(4) + ["F-1", "20261201", "Facture F-1"] + amounts
          + ["", "", "20261201", "", ""])
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "fec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: name)
    try Data(lines.map { $0.joined(separator: "\t") + "\r\n" }.joined().utf8).write(to: file)
    let command = try #require(try Constat.parseAsRoot(["check", "fec", file.path]) as? CheckFEC)
    do { try await command.run() } catch let code as ExitCode { return code.rawValue }
    return 0
  }

  @Test func `a file that conforms is told so, any fault is exit code 1`() async throws {
    let name = "732829320FEC20261231.txt"
    #expect(try await checked("0,00", "100,00", named: name) == 0)
    #expect(try await checked("0,00", "99,99", named: name) == 1)
    #expect(try await checked("0,00", "100.00", named: name) == 1)
    #expect(try await checked("0,00", "100,00", named: "FEC.txt") == 1)
  }

  @Test func `a file that is not there is an error, not a fault`() async throws {
    let command = try #require(try Constat.parseAsRoot(["check", "fec", "/nowhere/FEC.txt"]) as? CheckFEC)
    await #expect(throws: (any Error).self) { try await command.run() }
  }
}
