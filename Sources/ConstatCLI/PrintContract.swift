import ArgumentParser
import ConstatCore
import ConstatServer
import Foundation

/// The contract, merged into one document.
struct PrintContract: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openapi", abstract: "Print the OpenAPI contract as JSON.")

  func run() async throws {
    let contract = try Contract(directory: Configuration().home.appending(path: "openapi"))
    Terminal.say(String(decoding: contract.document.serialized(), as: UTF8.self))
  }
}
