/// What to try on a server that was just seeded.
struct NextSteps {
  let host: String
  let port: Int

  var text: String {
    let base = "http://\(host):\(port)"
    let json = "-H 'Content-Type: application/json'"
    let facts = """
      {"nature":"sale_rental_management","transaction_type":"sale","property_type":"apartment","built_year":1934}
      """
    return """

      Try, in another terminal:

        TOKEN=$(curl -s \(base)/v1/auth/login \(json) \\
          -d '{"email":"claire@demo.test","password":"\(DemoCast.password)"}' \\
          | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')

        curl -s \(base)/v1/dossiers -H "Authorization: Bearer $TOKEN"
        curl -s \(base)/v1/lead-analysers -H "Authorization: Bearer $TOKEN"
        curl -s \(base)/v1/diagnostic-suggestions -H "Authorization: Bearer $TOKEN" \(json) \\
          -d '\(facts)'

        .build/debug/constat demo\(port == 8080 ? "" : " --server \(base)")
                                   plays the main job, from the phone call to the accountant's file

      The contract is at \(base)/docs. Ctrl-C stops the server; the data stays.
      """
  }
}
