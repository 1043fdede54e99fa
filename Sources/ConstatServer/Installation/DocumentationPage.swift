import ConstatCore

/// The contract as one page of plain HTML: no script, nothing fetched from elsewhere.
struct DocumentationPage {
  let html: String

  init(_ contract: Contract) {
    let document = contract.document
    var sections: [String: [String]] = [:]
    for (path, item) in (document["paths"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      for method in ["get", "post", "put", "patch", "delete"] {
        guard let operation = item[method] else { continue }
        let tag = operation["tags"]?.array?.first?.string ?? "Other"
        sections[tag, default: []].append(Self.operation(method, path, operation, contract))
      }
    }
    let body = sections.sorted { $0.key < $1.key }.map { tag, operations in
      "<h2 id=\"\(Self.escaped(tag))\">\(Self.escaped(tag))</h2>\n" + operations.joined(separator: "\n")
    }
    let index = sections.keys.sorted().map { "<a href=\"#\(Self.escaped($0))\">\(Self.escaped($0))</a>" }
    html = """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>Constat API</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <style>\(Self.style)</style></head><body>
      <h1>Constat API</h1>
      <p>\(Self.escaped(document["info"]?["summary"]?.string ?? "")) The machine-readable contract is
      <a href="/openapi.json">/openapi.json</a>.</p>
      <nav>\(index.joined(separator: " "))</nav>
      \(body.joined(separator: "\n"))
      </body></html>

      """
  }

  private static func operation(
    _ method: String, _ path: String, _ operation: JSONValue, _ contract: Contract
  ) -> String {
    var rows: [String] = []
    func row(_ title: String, _ text: String) { rows.append("<tr><th>\(title)</th><td>\(text)</td></tr>") }
    if let text = operation["description"]?.string { row("About", escaped(text)) }
    row("For", escaped(audience(operation)))
    for parameter in operation["parameters"]?.array ?? [] {
      let parameter = contract.resolved(parameter)
      let required = parameter["required"]?.bool == true ? ", required" : ""
      row(
        "<code>\(escaped(parameter["name"]?.string ?? ""))</code>",
        escaped("\(parameter["in"]?.string ?? "")\(required). \(parameter["description"]?.string ?? "")"))
    }
    for (type, media) in operation["requestBody"]?["content"]?.object ?? [:] {
      row("Body", "<code>\(escaped(type))</code>" + members(media["schema"], contract))
    }
    for (status, response) in (operation["responses"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      let response = contract.resolved(response)
      let schema = response["content"]?.object?.values.first?["schema"]
      row(
        status,
        escaped(response["description"]?.string ?? "")
          + (status == "default" ? "" : members(schema, contract)))
    }
    return """
      <details><summary><b class="\(method)">\(method.uppercased())</b> <code>\(escaped(path))</code>
      \(escaped(operation["summary"]?.string ?? ""))</summary><table>\(rows.joined(separator: "\n"))</table></details>
      """
  }

  private static func audience(_ operation: JSONValue) -> String {
    var parts = (operation["x-roles"]?.array ?? []).compactMap(\.string)
    parts += (operation["x-scopes"]?.array ?? []).compactMap { $0.string.map { "token with \($0)" } }
    if operation["x-client"]?.bool == true { parts.append("client account") }
    if operation["x-device"]?.bool == true { parts.append("device") }
    if operation["security"]?.array?.isEmpty == true { parts.append("anyone") }
    return parts.joined(separator: ", ")
  }

  /// The names of a schema's members, one level deep.
  private static func members(_ schema: JSONValue?, _ contract: Contract) -> String {
    guard let schema else { return "" }
    let resolved = contract.resolved(schema)
    if let properties = resolved["properties"]?.object {
      let required = Set((resolved["required"]?.array ?? []).compactMap(\.string))
      let names = properties.keys.sorted().map {
        "<code>\(escaped($0))</code>" + (required.contains($0) ? "*" : "")
      }
      return "<br>" + names.joined(separator: " ")
    }
    if let items = resolved["items"] { return "<br>list of" + members(items, contract) }
    return ""
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  private static let style = """
    body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f23}
    nav a{margin-right:.6rem} details{border-bottom:1px solid #ddd;padding:.35rem 0} summary{cursor:pointer}
    summary b{display:inline-block;width:4.2rem} .get{color:#0a6} .post{color:#06c} .patch,.put{color:#a60}
    .delete{color:#c22} table{margin:.5rem 0 .5rem 4.2rem;border-collapse:collapse;font-size:.9em}
    th{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0;font-weight:600} code{font-size:.92em}
    """
}
