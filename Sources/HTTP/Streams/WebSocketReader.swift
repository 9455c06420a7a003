internal import CWslay

/// The receiving side of a WebSocket: takes bytes in any pieces, gives whole messages and what must be answered.
///
/// libwslay checks masks, fragments, control frames, lengths and UTF-8, and answers pings and close frames.
final class WebSocketReader {
  /// What some bytes came to.
  struct Outcome {
    /// Whole messages.
    var messages: [HTTPStreamMessage] = []
    /// Frames to send: answers to pings, the close frame.
    var answer: [UInt8] = []
    /// Nothing more is read: the client has closed, or broke the protocol.
    var isOver = false
    /// It broke the protocol.
    var isBad = false
    /// It sends more than it may.
    var isNoisy = false
  }

  /// What libwslay's callbacks reach.
  fileprivate final class Intake {
    var input = UnsafeRawBufferPointer(start: nil, count: 0)
    var outcome = Outcome()
    /// A close frame with half a code.
    var hasBadClose = false
    /// What the client may send.
    var bounds: StreamIntake
    /// Frames in the bytes that are being read, and fragments of the message that is under way.
    var frames = 0
    var fragments = 0
    var isNoisy: Bool { fragments > bounds.fragments }

    init(_ bounds: StreamIntake) { self.bounds = bounds }

    static func of(_ pointer: UnsafeMutableRawPointer?) -> Intake {
      Unmanaged<Intake>.fromOpaque(pointer!).takeUnretainedValue()
    }
  }

  private let context: OpaquePointer
  private let intake: Intake
  private var meter = IntakeMeter()

  /// - Parameter bounds: What the client may send.
  init(_ bounds: StreamIntake) {
    intake = Intake(bounds)
    var callbacks = wslay_event_callbacks()
    callbacks.recv_callback = { context, buffer, length, _, intake in
      Intake.of(intake).give(to: buffer!, length, context!)
    }
    callbacks.send_callback = { _, data, length, _, intake in
      Intake.of(intake).outcome.answer += UnsafeBufferPointer(start: data, count: length)
      return length
    }
    callbacks.on_frame_recv_start_callback = { _, frame, intake in Intake.of(intake).begin(frame!.pointee) }
    callbacks.on_msg_recv_callback = { _, message, intake in Intake.of(intake).take(message!.pointee) }
    var made: OpaquePointer?
    let status = wslay_event_context_server_init(&made, &callbacks, Unmanaged.passUnretained(intake).toOpaque())
    guard status == 0, let made else { preconditionFailure("libwslay is out of memory") }
    context = made
    wslay_event_config_set_max_recv_msg_length(context, UInt64(bounds.messageBytes))
  }

  /// The client may send so much from now on.
  func widen(to bounds: StreamIntake) {
    guard bounds != intake.bounds else { return }
    intake.bounds = bounds
    wslay_event_config_set_max_recv_msg_length(context, UInt64(bounds.messageBytes))
  }

  deinit { wslay_event_context_free(context) }

  /// Reads bytes of the client.
  /// - Parameter now: Monotonic nanoseconds.
  func read(_ bytes: UnsafeRawBufferPointer, now: Int64) -> Outcome {
    intake.input = bytes
    intake.frames = 0
    let status = wslay_event_recv(context)
    let isWithinBounds = meter.take(frames: intake.frames, bytes: bytes.count, of: intake.bounds, now: now)
    guard isWithinBounds, !intake.isNoisy else {
      wslay_event_shutdown_read(context)
      defer { intake.outcome = Outcome() }
      return Outcome(isOver: true, isNoisy: true)
    }
    guard status == 0, !intake.hasBadClose else {
      // libwslay ends such a connection without a reason.
      wslay_event_shutdown_read(context)
      defer { intake.outcome = Outcome() }
      return Outcome(
        messages: intake.outcome.messages, answer: HTTPStreamChunk.protocolError.bytes, isOver: true, isBad: true)
    }
    return finish()
  }

  /// The close frame of the server's own; nothing once one has been sent.
  func close(_ code: HTTPStreamCode, reason: String) -> [UInt8] {
    // A control frame has room for 125 bytes, two of them for the code.
    let text = String(decoding: reason.utf8.prefix(100), as: UTF8.self)
    let bytes = Array(text.utf8)
    wslay_event_queue_close(context, code.rawValue, bytes, bytes.count)
    return finish().answer
  }

  private func finish() -> Outcome {
    wslay_event_send(context)
    intake.outcome.isOver = wslay_event_get_read_enabled(context) == 0
    intake.outcome.isBad = intake.outcome.isOver && wslay_event_get_close_received(context) == 0
    defer { intake.outcome = Outcome() }
    return intake.outcome
  }
}

extension WebSocketReader.Intake {
  fileprivate func give(to buffer: UnsafeMutablePointer<UInt8>, _ length: Int, _ context: OpaquePointer) -> Int {
    guard !isNoisy else {
      wslay_event_set_error(context, WSLAY_ERR_CALLBACK_FAILURE.rawValue)
      return -1
    }
    guard !input.isEmpty else {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK.rawValue)
      return -1
    }
    let count = min(length, input.count)
    UnsafeMutableRawPointer(buffer).copyMemory(from: input.baseAddress!, byteCount: count)
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    return count
  }

  fileprivate func begin(_ frame: wslay_event_on_frame_recv_start_arg) {
    frames += 1
    // Control frames (opcodes from 8 on) stand between fragments.
    if frame.opcode < 8 { fragments += 1 }
  }

  fileprivate func take(_ message: wslay_event_on_msg_recv_arg) {
    if message.opcode < 8 { fragments = 0 }
    if UInt32(message.opcode) == WSLAY_CONNECTION_CLOSE.rawValue && message.msg_length == 1 { hasBadClose = true }
    let isText = UInt32(message.opcode) == WSLAY_TEXT_FRAME.rawValue
    guard isText || UInt32(message.opcode) == WSLAY_BINARY_FRAME.rawValue else { return }
    outcome.messages.append(
      HTTPStreamMessage(
        isText: isText, bytes: Array(UnsafeBufferPointer(start: message.msg, count: message.msg_length))))
  }
}
