import CLibPQ

/// A libpq connection string or `postgresql://` URI taken apart, so that one setting can be replaced.
public struct ConnectionString: Sendable, Equatable {
  private var settings: [String: String] = [:]

  public init(_ url: String) throws(PostgresError) {
    guard let options = PQconninfoParse(url, nil) else {
      throw PostgresError(.misuse, "08001", message: "not a connection string")
    }
    defer { PQconninfoFree(options) }
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { settings[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
  }

  /// A setting under libpq's name for it: `host`, `dbname`, `user`, `password`, ….
  public subscript(keyword: String) -> String? {
    get { settings[keyword] }
    set { settings[keyword] = newValue }
  }

  /// The same with other settings in the place of its own.
  public func with(_ changes: [String: String]) -> ConnectionString {
    var copy = self
    copy.settings.merge(changes) { $1 }
    return copy
  }

  /// `keyword='value' …`, as `PoolConfiguration.url` and the command-line tools accept it.
  public var text: String {
    settings.sorted { $0.key < $1.key }.map { keyword, value in
      var quoted = ""
      for character in value {
        if character == "'" || character == "\\" { quoted.append("\\") }
        quoted.append(character)
      }
      return "\(keyword)='\(quoted)'"
    }.joined(separator: " ")
  }
}
