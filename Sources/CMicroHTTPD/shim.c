#define _GNU_SOURCE
#include "CMicroHTTPD.h"

#include <dlfcn.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
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

typedef enum MHD_Result (*queue)(struct MHD_Connection *, unsigned int, struct MHD_Response *);

/* The library's own MHD_queue_response, behind the one below. */
static queue library_queue(void) {
  static queue found;
  queue function = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
  if (function == NULL) {
    function = (queue)dlsym(RTLD_NEXT, "MHD_queue_response");
    __atomic_store_n(&found, function, __ATOMIC_RELEASE);
  }
  return function;
}

enum MHD_Result buttonwood_mhd_answer(
    struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response) {
  queue function = library_queue();
  return function == NULL ? MHD_NO : function(connection, status, response);
}

static const char *words(unsigned int status) {
  switch (status) {
  case MHD_HTTP_BAD_REQUEST: return "the request is malformed";
  case MHD_HTTP_CONTENT_TOO_LARGE: return "the request's body is too large";
  case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE: return "the request's head is too large";
  case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED: return "the only versions of HTTP understood are 1.0 and 1.1";
  default: return "the request cannot be answered";
  }
}

/* Stands in the library's place: what it refuses by itself, it queues as a page of HTML by a call of its exported function,
   which the program's linker table leads here. The program's own answers go round it (buttonwood_mhd_answer), so whatever
   comes is such a page. It is answered in JSON with the same status, past the library, which is told that nothing could be
   queued and closes: of what it refuses while it reads the head, it would send the answer's head twice (0.9.75 goes on with
   the request behind its own refusal). What has come is read first, for a socket that is closed over unread bytes takes the
   answer back. */
enum MHD_Result MHD_queue_response(
    struct MHD_Connection *connection, unsigned int status, struct MHD_Response *page) {
  (void)page;
  char body[160], answer[400], unread[4096];
  int socket = buttonwood_mhd_socket(connection);
  int length = snprintf(
      body, sizeof body, "{\"code\":%u10000,\"message\":\"%s\",\"reason\":\"malformed_request\"}", status, words(status));
  int size = snprintf(
      answer, sizeof answer,
      "HTTP/1.1 %u Refused\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status,
      length, body);
  if (socket >= 0 && size > 0 && (size_t)size < sizeof answer &&
      send(socket, answer, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT) == size) {
    shutdown(socket, SHUT_WR);
    for (int count = 0; count < 16 && recv(socket, unread, sizeof unread, MSG_DONTWAIT) > 0; count++) continue;
  }
  return MHD_NO;
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
