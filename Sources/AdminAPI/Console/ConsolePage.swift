internal import HTTP

/// The console: a page that asks this endpoint how the fleet stands. It holds nothing secret, so anyone may load it; what
/// it shows, it asks for with the token.
enum ConsolePage: String {
  case page = ""
  case script = "console.js"
  case style = "console.css"

  /// Finds a page by the last part of its path.
  init?(_ name: String) { self.init(rawValue: name) }

  /// The answer. Nothing is loaded from elsewhere, nothing in the page can run that is not in the script, and no other page
  /// can frame it.
  var response: HTTPResponse {
    HTTPResponse(
      status: 200,
      headers: [
        ("Content-Type", contentType), ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        (
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'"
        ),
      ],
      body: bytes)
  }

  private var contentType: String {
    switch self {
    case .page: "text/html; charset=utf-8"
    case .script: "text/javascript; charset=utf-8"
    case .style: "text/css; charset=utf-8"
    }
  }

  private var bytes: [UInt8] {
    switch self {
    case .page: PackageResources.console_html
    case .script: PackageResources.console_js
    case .style: PackageResources.console_css
    }
  }
}
