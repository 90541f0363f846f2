// What Swift's Glibc module does not export, or exports in a form that Swift cannot call.
// Header only: every function is a thin inline around one system call or one instruction.

#ifndef WEIR_CLINUX_SHIM_H
#define WEIR_CLINUX_SHIM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// Prototypes that <sys/socket.h> and <pthread.h> give only under _GNU_SOURCE, which the importer's
// own modules may have left out when they read those headers first.
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);

// <malloc.h> is in no module.
int malloc_trim(size_t pad);

// To Swift the variable is shared mutable state. NULL behind the last entry.
extern char **environ;
static inline const char *weir_environment_entry(long index) {
  return environ == NULL ? NULL : environ[index];
}

// glibc's wrapper stands behind a feature macro that the Glibc module does not set.
static inline int weir_memfd_create(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

// open(2) is variadic, which Swift does not import.
static inline int weir_open(const char *path, int flags, mode_t mode) {
  return open(path, flags | O_CLOEXEC, mode);
}

// glibc defines O_TMPFILE under _GNU_SOURCE.
#ifdef O_TMPFILE
static const int weir_nameless_flags = O_TMPFILE | O_RDWR;
#else
static const int weir_nameless_flags = 020000000 | O_DIRECTORY | O_RDWR;
#endif

// fcntl(2) is variadic, which Swift does not import.
static inline int weir_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

// ioctl(2) is variadic, which Swift does not import. TIOCOUTQ is SIOCOUTQ, unix(7).
static inline int weir_unread_count(int fd, int *count) { return ioctl(fd, TIOCOUTQ, count); }

// ioctl(2) is variadic, which Swift does not import.
static inline int weir_terminal_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : -1;
}

// The handler is a member of a union, and SIG_IGN a cast.
static inline bool weir_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static inline bool weir_is_open(int fd) { return fcntl(fd, F_GETFD) != -1; }

static inline int weir_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

static inline int weir_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }

// The member of the epoll_data union that weir uses.
static inline uint64_t weir_epoll_token(struct epoll_event event) { return event.data.u64; }

static inline int weir_epoll_ctl(int epoll, int operation, int fd, uint32_t events,
                                 uint64_t token) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = events;
  event.data.u64 = token;
  return epoll_ctl(epoll, operation, fd, &event);
}

// Fills a sockaddr_un; returns its length, or 0 where the path does not fit (108 bytes with the NUL).
static inline socklen_t weir_unix_address(struct sockaddr_un *address, const char *path) {
  size_t length = strlen(path);
  if (length + 1 > sizeof address->sun_path) return 0;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length + 1);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

// A datagram to a unix socket that may be an abstract one (a name that begins with @, unix(7)); gives up where nobody
// reads for a second.
static inline int weir_send_datagram(int fd, const char *name, const void *bytes, size_t count) {
  struct sockaddr_un address;
  size_t length = strlen(name);
  if (length == 0 || length >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = 0;
  struct timeval patience = {.tv_sec = 1};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return (int)sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

// The structure of SO_PEERCRED stands behind a feature macro.
static inline int weir_peer_user(int fd, uint32_t *user) {
  struct {
    int32_t process;
    uint32_t user, group;
  } peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *user = peer.user;
  return 0;
}

// The path that a unix socket is bound to, of at most 108 bytes, and a NUL; an empty one where it has none.
static inline int weir_socket_path(int fd, char *path) {
  struct sockaddr_un address;
  socklen_t length = sizeof address;
  memset(&address, 0, sizeof address);
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return -1;
  path[0] = 0;
  if (address.sun_family != AF_UNIX) return -1;
  memcpy(path, address.sun_path, sizeof address.sun_path);
  path[sizeof address.sun_path] = 0;
  return 0;
}

static inline int weir_bind_unix(int fd, const struct sockaddr_un *address, socklen_t length) {
  return bind(fd, (const struct sockaddr *)address, length);
}

static inline int weir_connect_unix(int fd, const struct sockaddr_un *address, socklen_t length) {
  return connect(fd, (const struct sockaddr *)address, length);
}

// The prototype stands behind a feature macro that the Glibc module does not set.
static inline int weir_random(uint32_t *value) {
  return (int)syscall(SYS_getrandom, value, sizeof *value, 0);
}

// A structure of the same name hides the function in Swift.
static inline int weir_flock(int fd, int operation) { return flock(fd, operation); }

// Locks of an open file description on a whole file, and whether another description has one; the
// names of the commands stand behind a feature macro. l_pid has to be 0.
static inline int weir_claim(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, 37 /* F_OFD_SETLK */, &whole);
}

static inline int weir_is_claimed(int fd) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, 36 /* F_OFD_GETLK */, &whole) == -1) return -1;
  return whole.l_type != F_UNLCK;
}

// The same for one byte of a file, which need not be there.
static inline int weir_claim_byte(int fd, int64_t offset) {
  struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, 37 /* F_OFD_SETLK */, &byte);
}

static inline int weir_is_byte_claimed(int fd, int64_t offset) {
  struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  if (fcntl(fd, 36 /* F_OFD_GETLK */, &byte) == -1) return -1;
  return byte.l_type != F_UNLCK;
}

// A structure of the same name hides the function; only the type of the file system is asked for.
static inline int weir_file_system_type(const char *path, int64_t *type) {
  struct statfs status;
  if (statfs(path, &status) != 0) return -1;
  *type = (int64_t)status.f_type;
  return 0;
}

// glibc's statx(2) stands behind a feature macro. An empty path means the descriptor `folder` itself.
static inline int weir_statx(int folder, const char *path, struct statx *status) {
  int flags = path[0] == 0 ? 0x1000 /* AT_EMPTY_PATH */ : 0;
  return (int)syscall(SYS_statx, folder, path, flags, STATX_BASIC_STATS | STATX_BTIME, status);
}

// MAP_FAILED is a cast, which Swift does not import: NULL stands for it here.
static inline void *weir_map_shared(int fd, size_t byte_count, bool for_writing) {
  int protection = for_writing ? PROT_READ | PROT_WRITE : PROT_READ;
  void *address = mmap(NULL, byte_count, protection, MAP_SHARED, fd, 0);
  return address == MAP_FAILED ? NULL : address;
}

// d_name is an array member, which Swift imports as a tuple.
static inline const char *weir_entry_name(const struct dirent *entry) { return entry->d_name; }

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), one instruction for eight bytes where the processor
// has it. `crc` is the running value, already inverted by the caller.
#if defined(__x86_64__)
static inline int weir_has_crc32c(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2"))) static inline uint32_t
weir_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t value = crc;
  while (count >= 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    value = __builtin_ia32_crc32di(value, word);
    bytes += 8;
    count -= 8;
  }
  uint32_t rest = (uint32_t)value;
  if (count & 4) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    rest = __builtin_ia32_crc32si(rest, word);
    bytes += 4;
  }
  if (count & 2) {
    uint16_t word;
    memcpy(&word, bytes, 2);
    rest = __builtin_ia32_crc32hi(rest, word);
    bytes += 2;
  }
  if (count & 1) rest = __builtin_ia32_crc32qi(rest, *bytes);
  return rest;
}
#else
static inline int weir_has_crc32c(void) { return 0; }
static inline uint32_t weir_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  (void)bytes; (void)count;
  return crc;
}
#endif

#endif
