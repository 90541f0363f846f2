// libfcgi's request interface, and the fields of FCGX_Request below the header's "don't use" line
// that adopting a connection needs. Nothing outside this file touches them; a test pins the layout.

#ifndef WEIR_CFCGI_SHIM_H
#define WEIR_CFCGI_SHIM_H

#include <fcgiapp.h>
#include <stddef.h>

// Makes libfcgi read the request from `fd` instead of accepting a connection of its own.
// keepConnection = 1: FCGX_Accept_r begins with FCGX_Finish_r, which would close `fd` otherwise.
// detached = 1: on a protocol error libfcgi closes `fd` plainly instead of polling it for 2 s.
static inline void weir_fcgx_adopt(FCGX_Request *request, int fd) {
  FCGX_InitRequest(request, -1, 0);
  request->ipcFd = fd;
  request->keepConnection = 1;
  request->detached = 1;
}

// Whether the web server asked for the connection to stay open (FCGI_KEEP_CONN).
static inline int weir_fcgx_keeps_connection(const FCGX_Request *request) {
  return request->keepConnection;
}

// Frees what libfcgi holds for the request; the descriptor that it adopted stays open.
static inline void weir_fcgx_release(FCGX_Request *request) { FCGX_Free(request, 0); }

static inline size_t weir_fcgx_request_size(void) { return sizeof(FCGX_Request); }
static inline size_t weir_fcgx_ipc_fd_offset(void) { return offsetof(FCGX_Request, ipcFd); }
static inline size_t weir_fcgx_detached_offset(void) { return offsetof(FCGX_Request, detached); }

#endif
