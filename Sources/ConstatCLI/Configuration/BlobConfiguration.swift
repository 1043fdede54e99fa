import ConstatServer
import Foundation

/// Where the bytes of files are kept: a folder, or a bucket of S3 or of a server that speaks like it.
///
/// | variable | |
/// |---|---|
/// | `CONSTAT_BLOBS` | `disk` (as without it) or `s3` |
/// | `CONSTAT_BLOB_DIRECTORY` | the folder, which all processes share; `.constat/blobs` in the home without it |
/// | `CONSTAT_S3_ENDPOINT` | scheme and host, `https://s3.eu-west-3.amazonaws.com` |
/// | `CONSTAT_S3_REGION`, `CONSTAT_S3_BUCKET` | the bucket exists already |
/// | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | who asks; the last one if it is needed |
enum BlobConfiguration: Sendable {
  case disk(URL)
  case s3(S3Storage.Configuration)

  init(state: URL, value: (String) -> String?) throws {
    func required(_ name: String) throws -> String {
      guard let text = value(name) else {
        throw Terminal.failure("\(name) is not set, but CONSTAT_BLOBS is s3", Terminal.configurationError)
      }
      return text
    }
    switch value("CONSTAT_BLOBS") ?? "disk" {
    case "disk":
      self = .disk(
        value("CONSTAT_BLOB_DIRECTORY").map { URL(filePath: $0, directoryHint: .isDirectory) }
          ?? state.appending(path: "blobs"))
    case "s3":
      let configuration = S3Storage.Configuration(
        endpoint: try required("CONSTAT_S3_ENDPOINT"), region: try required("CONSTAT_S3_REGION"),
        bucket: try required("CONSTAT_S3_BUCKET"),
        credentials: .init(
          accessKey: try required("AWS_ACCESS_KEY_ID"), secretKey: try required("AWS_SECRET_ACCESS_KEY"),
          sessionToken: value("AWS_SESSION_TOKEN")))
      guard let configuration else {
        throw Terminal.failure(
          "CONSTAT_S3_ENDPOINT must be scheme and host alone, CONSTAT_S3_BUCKET the name of a bucket",
          Terminal.configurationError)
      }
      self = .s3(configuration)
    default:
      throw Terminal.failure("CONSTAT_BLOBS must be disk or s3", Terminal.configurationError)
    }
  }

  func storage(clock: WallClock) -> any BlobStorage {
    switch self {
    case .disk(let root): DiskStorage(root: root)
    case .s3(let configuration): S3Storage(configuration, clock: clock)
    }
  }
}
