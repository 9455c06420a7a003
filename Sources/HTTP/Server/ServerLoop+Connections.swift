internal import CMicroHTTPD
internal import Glibc

extension ServerLoop {
  /// Starts the daemon; its callbacks come on the loop's thread, from within `MHD_run`.
  func startDaemon() -> OpaquePointer? {
    var options = buttonwood_mhd_options()
    // The door counts: these are places for all that it lets in.
    options.connection_limit = UInt32(clamping: limits.connections + FrontDoor.waitingRoom)
    options.connection_memory = configuration.headLimit
    options.idle_timeout_seconds = UInt32(clamping: configuration.idleTimeout.components.seconds)
    options.context = Unmanaged.passUnretained(self).toOpaque()
    options.connection = { context, connection, socketContext, event in
      ServerLoop.of(context).connectionChanged(connection!, socketContext!, event)
    }
    options.target = { context, target, connection in
      ServerLoop.of(context).beginExchange(connection!, target: target!)
    }
    options.access = { context, connection, _, method, version, data, size, exchange in
      ServerLoop.of(context).advance(
        ServerLoop.exchange(exchange!.pointee!), method: method!, version: version!,
        data: UnsafeRawBufferPointer(start: data, count: size!.pointee), taken: size!)
    }
    options.completed = { context, _, exchange, _ in
      guard let pointer = exchange!.pointee else { return }
      exchange!.pointee = nil
      ServerLoop.of(context).endExchange(Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue())
    }
    return buttonwood_mhd_start(&options)
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> ServerLoop {
    Unmanaged<ServerLoop>.fromOpaque(context!).takeUnretainedValue()
  }

  private static func exchange(_ pointer: UnsafeMutableRawPointer) -> Exchange {
    Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// A connection was opened or closed: its record comes or goes.
  private func connectionChanged(
    _ connection: OpaquePointer, _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ event: MHD_ConnectionNotificationCode
  ) {
    if event == .CONNECTION_NOTIFY_STARTED {
      let record = ConnectionRecord(
        socket: buttonwood_mhd_socket(connection), peer: arriving.text, key: arriving.key)
      record.index = records.count
      records.append(record)
      socketContext.pointee = Unmanaged.passRetained(record).toOpaque()
      counters.accepted.add(1)
    } else if let pointer = socketContext.pointee {
      socketContext.pointee = nil
      let record = Unmanaged<ConnectionRecord>.fromOpaque(pointer).takeRetainedValue()
      let last = records.removeLast()
      if last !== record {
        records[record.index] = last
        last.index = record.index
      }
      door?.left(record.key)
    }
    counters.openConnections.set(records.count + (door?.count ?? 0))
  }

  /// Gives a connection to libmicrohttpd, which closes its socket if it cannot take it.
  func handIn(_ admission: FrontDoor.Admission) {
    guard let daemon else {
      close(admission.socket)
      door?.left(admission.address.key)
      return
    }
    arriving = admission.address
    let taken = admission.address.withPointer { MHD_add_connection(daemon, admission.socket, $0, $1) }
    if taken != .YES { door?.left(admission.address.key) }
  }

  /// A request's first line is here.
  private func beginExchange(_ connection: OpaquePointer, target: UnsafePointer<CChar>) -> UnsafeMutableRawPointer? {
    let context = buttonwood_mhd_socket_context(connection)
    let record = Unmanaged<ConnectionRecord>.fromOpaque(context!).takeUnretainedValue()
    record.sawTarget(now: now)
    return Unmanaged.passRetained(Exchange(connection: connection, record: record, target: target)).toOpaque()
  }

  /// The answer has been sent, or the connection is gone.
  private func endExchange(_ exchange: Exchange) {
    exchange.isOpen = false
    release(exchange)
    exchange.record.waiting = nil
    exchange.record.enter(.idle(received: nil))
  }
}
