#define _GNU_SOURCE
#include "CMicroHTTPD.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

/* The kernel's TCP_CLOSE_WAIT, which its header for programs does not name. */
enum { TCP_STATE_CLOSE_WAIT = 8 };

/* Leaves escapes as they are: the request keeps its raw target, and a decoded NUL cannot cut it short. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
  (void)context;
  (void)connection;
  return strlen(text);
}

struct MHD_Daemon *buttonwood_mhd_start(const struct buttonwood_mhd_options *options) {
  return MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, options->access, options->context,
      MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,
      MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_seconds,
      MHD_OPTION_NOTIFY_COMPLETED, options->completed, options->context,
      MHD_OPTION_NOTIFY_CONNECTION, options->connection, options->context,
      MHD_OPTION_URI_LOG_CALLBACK, options->target, options->context,
      MHD_OPTION_UNESCAPE_CALLBACK, &keep_escapes, NULL,
      MHD_OPTION_END);
}

int buttonwood_mhd_epoll(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  return info == NULL ? -1 : info->epoll_fd;
}

int buttonwood_mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : info->connect_fd;
}

void *buttonwood_mhd_socket_context(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info == NULL ? NULL : info->socket_context;
}

const struct sockaddr *buttonwood_mhd_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info == NULL ? NULL : info->client_addr;
}

size_t buttonwood_mhd_head_size(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  return info == NULL ? 0 : info->header_size;
}

struct buttonwood_tcp_state buttonwood_tcp_state(int socket) {
  struct tcp_info info;
  struct buttonwood_tcp_state state = {0, false};
  socklen_t length = sizeof info;
  memset(&info, 0, sizeof info);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return state;
  state.bytes_received = info.tcpi_bytes_received;
  state.peer_finished = info.tcpi_state == TCP_STATE_CLOSE_WAIT;
  return state;
}

int buttonwood_accept(int listener, struct sockaddr *address, socklen_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int buttonwood_bytes_waiting(int socket) {
  int waiting = 0;
  return ioctl(socket, FIONREAD, &waiting) == 0 ? waiting : 0;
}

void buttonwood_prepare_stream(int socket, int send_buffer_bytes, unsigned int unread_limit_milliseconds) {
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unread_limit_milliseconds, sizeof unread_limit_milliseconds);
}
