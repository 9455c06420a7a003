internal import CCurl
internal import Glibc
internal import Lifecycle

/// One call over libcurl: an easy handle with its options, made and freed here. It blocks its thread.
struct Transfer: ~Copyable {
  /// libcurl's own state, made once.
  private static let isPrepared = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  private let handle: UnsafeMutableRawPointer
  private let limits: HTTPClient.Limits
  private let trusted: String?

  init(limits: HTTPClient.Limits, trusted: String?) throws(HTTPClientError) {
    guard Self.isPrepared, let handle = curl_easy_init() else { throw .unreachable(reason: "libcurl cannot start") }
    self.handle = handle
    self.limits = limits
    self.trusted = trusted
  }

  deinit { curl_easy_cleanup(handle) }

  /// Sends a call and takes its answer.
  consuming func perform(_ call: HTTPCall, _ reception: Reception) throws(HTTPClientError) -> HTTPAnswer {
    let headers = HeaderList()
    for header in call.headers {
      headers.add(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
    }
    // Neither a type that nobody named nor the wait for leave to send a long body.
    if !call.headers.contains(where: { $0.name.lowercased() == "content-type" }) { headers.add("Content-Type:") }
    headers.add("Expect:")
    setBounds()
    setAnswer(reception)
    set(CURLOPT_URL, call.url)
    set(CURLOPT_USERAGENT, "buttonwood")
    ccurl_set_pointer(handle, CURLOPT_HTTPHEADER, headers.first)
    if call.method == "HEAD" { set(CURLOPT_NOBODY, 1) } else { set(CURLOPT_CUSTOMREQUEST, call.method) }
    let code = call.body.withUnsafeBytes { body in
      // libcurl reads the body where it lies, until the call is over.
      if !body.isEmpty {
        ccurl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        ccurl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress)
      }
      return curl_easy_perform(handle)
    }
    guard code == CURLE_OK else { throw failure(code, reception) }
    guard reception.isHeadWhole else { throw .unanswered(reason: "the connection ended within the answer's head") }
    return HTTPAnswer(status: number(CURLINFO_RESPONSE_CODE), headers: reception.headers, body: reception.body)
  }

  private func setBounds() {
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_PROXY, "")
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let trusted { set(CURLOPT_CAINFO, trusted) }
    // 0 stands for libcurl's own bounds.
    set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(limits.connect.wholeMilliseconds)))
    set(CURLOPT_TIMEOUT_MS, max(1, Int(limits.total.wholeMilliseconds)))
    // No signals: they would be the whole process's.
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FRESH_CONNECT, 1)
    set(CURLOPT_FORBID_REUSE, 1)
  }

  private func setAnswer(_ reception: Reception) {
    let context = Unmanaged.passUnretained(reception).toOpaque()
    ccurl_set_pointer(handle, CURLOPT_HEADERDATA, context)
    ccurl_set_writer(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<Reception>.fromOpaque(context!).takeUnretainedValue().takeLine(line) ? line.count : 0
    }
    ccurl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    ccurl_set_writer(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
      return Unmanaged<Reception>.fromOpaque(context!).takeUnretainedValue().take(piece) ? piece.count : 0
    }
    ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, context)
    ccurl_set_progress(handle) { context, _, _, _, _ in
      Unmanaged<Reception>.fromOpaque(context!).takeUnretainedValue().isGivenUp ? 1 : 0
    }
    set(CURLOPT_NOPROGRESS, 0)
  }

  private func failure(_ code: CURLcode, _ reception: Reception) -> HTTPClientError {
    // The words for the code and no more: those for the case may repeat parts of the address.
    let reason = reception.isGivenUp ? "the call was given up" : String(cString: curl_easy_strerror(code))
    if let limit = reception.exceeded { return .tooLong(limit: limit) }
    guard number(CURLINFO_REQUEST_SIZE) == 0 else { return .unanswered(reason: reason) }
    switch code {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .badCall(reason: reason)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
      return .untrusted(reason: reason)
    case CURLE_COULDNT_CONNECT where number(CURLINFO_OS_ERRNO) == Int(ECONNREFUSED): return .refused(reason: reason)
    default: return .unreachable(reason: reason)
    }
  }

  private func set(_ option: CURLoption, _ value: Int) { check(ccurl_set_long(handle, option, value), option) }

  private func set(_ option: CURLoption, _ value: String) { check(ccurl_set_text(handle, option, value), option) }

  /// Options that this libcurl does not know would leave a call without its bounds.
  private func check(_ code: CURLcode, _ option: CURLoption) {
    precondition(code == CURLE_OK || code == CURLE_OUT_OF_MEMORY, "libcurl refuses option \(option.rawValue)")
  }

  private func number(_ info: CURLINFO) -> Int {
    var value = 0
    return ccurl_get_long(handle, info, &value) == CURLE_OK ? value : 0
  }
}

/// Header lines as libcurl takes them; freed with the last reference.
private final class HeaderList {
  private(set) var first: UnsafeMutablePointer<curl_slist>?

  func add(_ line: String) {
    if let longer = curl_slist_append(first, line) { first = longer }
  }

  deinit { curl_slist_free_all(first) }
}
