import ArgumentParser
@testable import ConstatCLI
import Foundation
import Logging
import Support
import Testing

@Suite struct ConfigurationTests {
  private let home = ["CONSTAT_HOME": TestServer.root.path]

  private func configuration(_ environment: [String: String]) throws -> Configuration {
    try Configuration(environment: home.merging(environment) { $1 })
  }

  @Test func `without anything set, it serves on this machine only`() throws {
    let configuration = try configuration([:])
    #expect(configuration.host == "127.0.0.1" && configuration.port == 8080)
    #expect(configuration.databaseURL == nil && configuration.logLevel == .info)
  }

  @Test(arguments: [
    ["PORT": "80x"], ["PORT": "70000"], ["LOG_LEVEL": "loud"], ["DATABASE_POOL_SIZE": "0"],
    ["DATABASE_READ_CONNECTIONS": "0"], ["CONSTAT_TRUST_FORWARDED_FOR": "perhaps"],
  ])
  func `what cannot be meant is refused as wrong set-up`(_ environment: [String: String]) {
    #expect(throws: Terminal.configurationError) { try configuration(environment) }
  }

  @Test func `only who says that a proxy stands before it believes what the proxy says of callers`() throws {
    #expect(try !configuration([:]).trustsForwardedFor)
    #expect(try configuration(["CONSTAT_TRUST_FORWARDED_FOR": "true"]).trustsForwardedFor)
    #expect(try !configuration(["CONSTAT_TRUST_FORWARDED_FOR": "false"]).trustsForwardedFor)
  }

  @Test func `a home without migrations is refused`() {
    #expect(throws: Terminal.configurationError) { try configuration(["CONSTAT_HOME": "/tmp"]) }
  }

  @Test func `the secret is hexadecimal or base64 of 32 bytes or more`() throws {
    let hexadecimal = String(repeating: "0f", count: 32)
    #expect(
      try configuration(["CONSTAT_SECRET_KEY": hexadecimal]).secret() == Array(repeating: 15, count: 32))
    let base64 = Data(repeating: 7, count: 40).base64EncodedString()
    #expect(try configuration(["CONSTAT_SECRET_KEY": base64]).secret() == Array(repeating: 7, count: 40))
    for weak in ["abc", String(repeating: "0f", count: 16), "not base64 at all, but long enough to be a key"]
    {
      #expect(throws: Terminal.configurationError) {
        try configuration(["CONSTAT_SECRET_KEY": weak]).secret()
      }
    }
  }

  @Test func `files lie in a folder of the installation, in another, or in a bucket`() throws {
    let s3 = [
      "CONSTAT_BLOBS": "s3", "CONSTAT_S3_ENDPOINT": "https://s3.eu-west-3.amazonaws.com",
      "CONSTAT_S3_REGION": "eu-west-3", "CONSTAT_S3_BUCKET": "constat", "AWS_ACCESS_KEY_ID": "AKID",
      "AWS_SECRET_ACCESS_KEY": "geheim",
    ]
    guard case .disk(let folder) = try configuration([:]).blobs else { throw Unexpected() }
    #expect(folder.path == TestServer.root.appending(path: ".constat/blobs").path)
    guard case .disk(let given) = try configuration(["CONSTAT_BLOB_DIRECTORY": "/srv/blobs"]).blobs else {
      throw Unexpected()
    }
    #expect(given.path == "/srv/blobs")
    guard case .s3(let bucket) = try configuration(s3).blobs else { throw Unexpected() }
    #expect(!"\(bucket)".contains("geheim"))
    for name in s3.keys where name != "CONSTAT_BLOBS" {
      #expect(throws: Terminal.configurationError) { try configuration(s3.filter { $0.key != name }) }
    }
    for wrong in [["CONSTAT_BLOBS": "tape"], s3.merging(["CONSTAT_S3_ENDPOINT": "s3"]) { $1 }] {
      #expect(throws: Terminal.configurationError) { try configuration(wrong) }
    }
  }

  private struct Unexpected: Error {}

  @Test func `a server with a database of its own draws no secret`() {
    #expect(throws: Terminal.configurationError) { try configuration(["DATABASE_URL": "host=x"]).secret() }
  }

  @Test func `a development secret is drawn once and readable by its owner only`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "constat-home-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    for folder in ["Migrations", "openapi"] {
      try FileManager.default.createDirectory(
        at: directory.appending(path: folder), withIntermediateDirectories: true)
    }
    let environment = ["CONSTAT_HOME": directory.path]
    let first = try Configuration(environment: environment).secret()
    #expect(try Configuration(environment: environment).secret() == first && first.count == 32)
    let file = directory.appending(path: ".constat/secret").path
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }
}
