import ConstatCore
@testable import ConstatServer
import Foundation
import Testing

/// The signatures that AWS publishes for its own examples: the Signature Version 4 test suite, and the four requests of
/// "Examples: Signature Calculations" in the S3 API reference.
@Suite struct AWSSignatureTests {
  private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  private static func suite(
    _ method: String, _ path: String, _ query: [(name: String, value: String)] = [],
    _ headers: [(name: String, value: String)] = []
  ) throws -> String {
    let signature = AWSSignature(
      credentials: .init(accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "service")
    let now = try #require(Instant("2015-08-30T12:36:00Z"))
    let authorization = signature.authorization(
      method, path: path, query: query,
      headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")] + headers,
      payloadHash: empty, at: now)
    return String(authorization.suffix(64))
  }

  @Test func `the published test suite's requests have the published signatures`() throws {
    #expect(
      try Self.suite("GET", "/") == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    #expect(
      try Self.suite("POST", "/") == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
    #expect(
      try Self.suite("GET", "/", [("Param2", "value2"), ("Param1", "value1")])
        == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
    #expect(
      try Self.suite("GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        == "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")
    #expect(
      try Self.suite("GET", "/example space/")
        == "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")
    #expect(
      try Self.suite("GET", "/ሴ") == "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")
  }

  @Test func `the S3 reference's examples have the published signatures`() throws {
    let signature = AWSSignature(
      credentials: .init(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "s3")
    let now = try #require(Instant("2013-05-24T00:00:00Z"))
    func signed(
      _ method: String, _ path: String, _ query: [(name: String, value: String)] = [],
      _ headers: [(name: String, value: String)] = [], payload: String = Self.empty
    ) -> String {
      let all: [(name: String, value: String)] =
        [
          ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payload),
          ("x-amz-date", "20130524T000000Z"),
        ] + headers
      return signature.authorization(
        method, path: path, query: query, headers: all, payloadHash: payload, at: now)
    }
    let get = signed("GET", "/test.txt", [], [("Range", "bytes=0-9")])
    #expect(
      get
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    let put = signed(
      "PUT", "/test$file.text", [],
      [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
      payload: AWSSignature.hash(Array("Welcome to Amazon S3.".utf8)))
    #expect(put.hasSuffix("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    #expect(
      signed("GET", "/", [("lifecycle", "")])
        .hasSuffix("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    #expect(
      signed("GET", "/", [("max-keys", "2"), ("prefix", "J")])
        .hasSuffix("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
  }

  @Test func `credentials do not show their secret`() {
    let credentials = AWSSignature.Credentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "geheim")
    #expect(!"\(credentials)".contains("geheim") && !"\(credentials)".contains("EXAMPLE"))
  }
}
