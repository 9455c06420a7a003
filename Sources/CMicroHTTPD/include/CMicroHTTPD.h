/* libmicrohttpd, what Swift cannot import from it (variadic functions), and what its Glibc module leaves out of the kernel. */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/* The settings and callbacks of one daemon. */
struct buttonwood_mhd_options {
  unsigned int connection_limit;
  size_t connection_memory;
  unsigned int idle_timeout_seconds;
  void *context;
  MHD_AccessHandlerCallback access;
  MHD_RequestCompletedCallback completed;
  MHD_NotifyConnectionCallback connection;
  void *(*target)(void *context, const char *target, struct MHD_Connection *connection);
};

/* Starts a daemon that never makes a thread and does not listen: epoll, suspend and resume, targets left percent-encoded.
   NULL on failure. */
struct MHD_Daemon *buttonwood_mhd_start(const struct buttonwood_mhd_options *options);

/* The epoll descriptor to wait on. */
int buttonwood_mhd_epoll(struct MHD_Daemon *daemon);

/* The socket of a connection. */
int buttonwood_mhd_socket(struct MHD_Connection *connection);

/* What the connection callback stored for the socket. */
void *buttonwood_mhd_socket_context(struct MHD_Connection *connection);

/* The client's address. */
const struct sockaddr *buttonwood_mhd_address(struct MHD_Connection *connection);

/* Queues an answer of ours: MHD_queue_response is for the library itself (see shim.c). */
enum MHD_Result buttonwood_mhd_answer(
    struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response);

/* The bytes of the request's head. */
size_t buttonwood_mhd_head_size(struct MHD_Connection *connection);

/* What the kernel knows of a TCP connection; all zero when unknown. (glibc's tcp_info ends before the bytes.) */
struct buttonwood_tcp_state {
  /* Bytes that ever arrived. */
  uint64_t bytes_received;
  /* The peer has said that it sends no more. */
  bool peer_finished;
};

struct buttonwood_tcp_state buttonwood_tcp_state(int socket);

/* Accepts a connection: its socket does not block and is closed in children. -1 as accept(2) has it. */
int buttonwood_accept(int listener, struct sockaddr *address, socklen_t *length);

/* Bytes that wait unread in a socket. */
int buttonwood_bytes_waiting(int socket);

/* Prepares a socket for a long life: small answers go at once, the kernel buffers about so many bytes, and unread data
   ends the connection after so long. */
void buttonwood_prepare_stream(int socket, int send_buffer_bytes, unsigned int unread_limit_milliseconds);
