// A library for LD_PRELOAD that stands between a program and its disk.
//
// It sees the calls that change something in the files under FAULTS_UNDER: open or create of a file,
// write, pwrite, pwritev, fdatasync, fsync, ftruncate, rename, unlink, mkdir. Which file a descriptor
// means is asked of /proc, so that nothing has to be remembered.
//
//   FAULTS_UNDER=DIRECTORY   an absolute path; calls on other files pass untouched
//   FAULTS_CALLS=a,b         only these calls; all of them without it
//   FAULTS_FILE=PATTERN      only files whose name (without folders) matches fnmatch(3)
//   FAULTS_AT=N              act at the N-th such call of the process, from 1
//   FAULTS_ACTION=           what to do there:
//     fail:ERRNO             fail with this number, once
//     fail-on:ERRNO          fail with it from then on
//     short                  write half of the bytes
//     delay:MILLISECONDS     wait, then do it
//     kill-before, kill-middle, kill-after
//                            SIGKILL; in the middle: after half of the bytes
//   FAULTS_COUNT=FILE        append a line to the file for each such call: its name and path
//   FAULTS_TRACE=FILE        append what each call did, and what is written to standard output, in
//                            the order in which it happened in all processes with this FILE
//   FAULTS_LABEL=NAME        who writes to standard output, for the trace
//
// An entry of the trace is a line of words, then the bytes that its last word counts, then a
// newline. The page `tail` changes through memory, unseen: it is recorded whenever it differs at
// another call.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The kernel's calls by their numbers: nothing of ours is called again by them.
static long kernel_write(int fd, const void *bytes, size_t count) {
  return syscall(SYS_write, fd, bytes, count);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long calls_so_far;
static int trace_file = -1;
static unsigned char last_tail[4096];
static int last_tail_is_known;

// --- Which calls are meant ---

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static int is_under(const char *path) {
  const char *directory = getenv("FAULTS_UNDER");
  if (!directory) return 0;
  size_t length = strlen(directory);
  return strncmp(path, directory, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int is_named(const char *call, const char *path) {
  const char *calls = getenv("FAULTS_CALLS"), *pattern = getenv("FAULTS_FILE");
  if (pattern) {
    const char *slash = strrchr(path, '/');
    if (fnmatch(pattern, slash ? slash + 1 : path, 0) != 0) return 0;
  }
  if (!calls) return 1;
  size_t length = strlen(call);
  for (const char *at = strstr(calls, call); at; at = strstr(at + 1, call))
    if ((at == calls || at[-1] == ',') && (at[length] == 0 || at[length] == ',')) return 1;
  return 0;
}

// --- What happens at a call ---

enum what { PASS, FAIL, SHORT, KILL_MIDDLE, KILL_AFTER };

static void append_line(const char *file, const char *call, const char *path) {
  char line[PATH_MAX + 32];
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  kernel_write(fd, line, (size_t)length);
  syscall(SYS_close, fd);
}

static void wait_milliseconds(long count) {
  struct timespec time = {count / 1000, count % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// Decides what to do with a call; a failing one finds its errno set.
static enum what decide(const char *call, const char *path) {
  if (!is_named(call, path)) return PASS;
  const char *counted = getenv("FAULTS_COUNT"), *action = getenv("FAULTS_ACTION");
  pthread_mutex_lock(&mutex);
  long number = ++calls_so_far;
  if (counted) append_line(counted, call, path);
  pthread_mutex_unlock(&mutex);
  if (!action) return PASS;
  const char *at = getenv("FAULTS_AT"), *colon = strchr(action, ':');
  long wanted = at ? atol(at) : 1, parameter = colon ? atol(colon + 1) : 0;
  if (strncmp(action, "fail-on:", 8) == 0 ? number < wanted : number != wanted) return PASS;
  if (strncmp(action, "fail", 4) == 0) {
    errno = (int)parameter;
    return FAIL;
  }
  if (strncmp(action, "delay:", 6) == 0) wait_milliseconds(parameter);
  if (strcmp(action, "kill-before") == 0) die();
  if (strcmp(action, "kill-middle") == 0) return KILL_MIDDLE;
  if (strcmp(action, "kill-after") == 0) return KILL_AFTER;
  return strcmp(action, "short") == 0 ? SHORT : PASS;
}

// --- The trace ---

static void record_entry(const char *line, const void *bytes, size_t count) {
  kernel_write(trace_file, line, strlen(line));
  if (count > 0) kernel_write(trace_file, bytes, count);
  kernel_write(trace_file, "\n", 1);
}

static void record_tail(void) {
  char path[PATH_MAX + 8];
  unsigned char page[sizeof last_tail];
  snprintf(path, sizeof path, "%s/tail", getenv("FAULTS_UNDER"));
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  long count = syscall(SYS_pread64, fd, page, sizeof page, 0L);
  syscall(SYS_close, fd);
  if (count != sizeof page) return;
  if (last_tail_is_known && memcmp(page, last_tail, sizeof page) == 0) return;
  memcpy(last_tail, page, sizeof page);
  last_tail_is_known = 1;
  char line[64];
  snprintf(line, sizeof line, "tail %zu\n", sizeof page);
  record_entry(line, page, sizeof page);
}

// One call at a time, in all threads and processes: the trace has the order in which they happened.
static int begin_recording(void) {
  const char *file = getenv("FAULTS_TRACE");
  if (!file) return 0;
  pthread_mutex_lock(&mutex);
  if (trace_file < 0)
    trace_file =
        (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  syscall(SYS_flock, trace_file, LOCK_EX);
  record_tail();
  return 1;
}

static void end_recording(void) {
  record_tail();
  syscall(SYS_flock, trace_file, LOCK_UN);
  pthread_mutex_unlock(&mutex);
}

__attribute__((format(printf, 3, 4))) static void record(const void *bytes, size_t count,
                                                         const char *format, ...) {
  char line[2 * PATH_MAX + 64];
  va_list words;
  va_start(words, format);
  vsnprintf(line, sizeof line - 32, format, words);
  va_end(words);
  snprintf(line + strlen(line), 32, " %zu\n", count);
  record_entry(line, bytes, count);
}

// --- The calls ---

static long write_some(int fd, const void *bytes, size_t count, off_t offset, int is_positioned) {
  if (!is_positioned) return kernel_write(fd, bytes, count);
  return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

static ssize_t any_write(const char *call, int fd, const void *bytes, size_t count, off_t offset,
                         int is_positioned) {
  char path[PATH_MAX];
  if (fd == STDOUT_FILENO) {
    const char *label = getenv("FAULTS_LABEL");
    int recording = begin_recording();
    long done = kernel_write(fd, bytes, count);
    if (recording) {
      if (done > 0) record(bytes, (size_t)done, "output %s", label ? label : "-");
      end_recording();
    }
    return done;
  }
  if (!path_of(fd, path) || !is_under(path))
    return write_some(fd, bytes, count, offset, is_positioned);
  enum what what = decide(call, path);
  if (what == FAIL) return -1;
  size_t wanted = (what == SHORT || what == KILL_MIDDLE) && count > 1 ? count / 2 : count;
  int recording = begin_recording();
  off_t place = is_positioned ? offset : lseek(fd, 0, SEEK_CUR);
  long done = write_some(fd, bytes, wanted, offset, is_positioned);
  int number = errno;
  if (recording) {
    if (done > 0) record(bytes, (size_t)done, "write %s %lld", path, (long long)place);
    end_recording();
  }
  if (what == KILL_MIDDLE || what == KILL_AFTER) die();
  errno = number;
  return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  return any_write("write", fd, bytes, count, 0, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  return any_write("pwrite", fd, bytes, count, offset, 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  return any_write("pwrite", fd, bytes, count, offset, 1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  size_t total = 0;
  for (int index = 0; index < count; index++) total += parts[index].iov_len;
  char *bytes = malloc(total ? total : 1), *end = bytes;
  if (!bytes) return -1;
  for (int index = 0; index < count; index++)
    end = mempcpy(end, parts[index].iov_base, parts[index].iov_len);
  ssize_t done = any_write("pwritev", fd, bytes, total, offset, 1);
  int number = errno;
  free(bytes);
  errno = number;
  return done;
}

// A call that is done as a whole or not at all.
#define WHOLE_CALL(name, path, perform, ...)                 \
  do {                                                       \
    enum what what = decide(name, path);                     \
    if (what == FAIL) return -1;                             \
    int recording = begin_recording();                       \
    long result = perform;                                   \
    int number = errno;                                      \
    if (recording) {                                         \
      if (result >= 0) record(NULL, 0, __VA_ARGS__);         \
      end_recording();                                       \
    }                                                        \
    if (what == KILL_MIDDLE || what == KILL_AFTER) die();    \
    errno = number;                                          \
    return (int)result;                                      \
  } while (0)

static int synchronize(const char *call, long number_of_call, int fd) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return (int)syscall(number_of_call, fd);
  // The folder that the queue lies in is none of its files, but its sync keeps the queue's name.
  const char *directory = getenv("FAULTS_UNDER");
  const char *slash = directory ? strrchr(directory, '/') : NULL;
  int is_parent = slash && strncmp(path, directory, (size_t)(slash - directory)) == 0 &&
                  path[slash - directory] == 0;
  if (!is_parent && !is_under(path)) return (int)syscall(number_of_call, fd);
  WHOLE_CALL(call, path, syscall(number_of_call, fd), "sync %s", path);
}

int fsync(int fd) { return synchronize("fsync", SYS_fsync, fd); }

int fdatasync(int fd) { return synchronize("fdatasync", SYS_fdatasync, fd); }

int ftruncate(int fd, off_t length) {
  char path[PATH_MAX];
  if (!path_of(fd, path) || !is_under(path)) return (int)syscall(SYS_ftruncate, fd, length);
  WHOLE_CALL("ftruncate", path, syscall(SYS_ftruncate, fd, length), "truncate %s %lld", path,
             (long long)length);
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

int rename(const char *path, const char *new_path) {
  if (!is_under(path)) return (int)syscall(SYS_rename, path, new_path);
  WHOLE_CALL("rename", path, syscall(SYS_rename, path, new_path), "rename %s %s", path, new_path);
}

int unlink(const char *path) {
  if (!is_under(path)) return (int)syscall(SYS_unlink, path);
  WHOLE_CALL("unlink", path, syscall(SYS_unlink, path), "unlink %s", path);
}

int mkdir(const char *path, mode_t mode) {
  if (!is_under(path)) return (int)syscall(SYS_mkdir, path, mode);
  WHOLE_CALL("mkdir", path, syscall(SYS_mkdir, path, mode), "mkdir %s", path);
}

static int any_open(int directory, const char *path, int flags, mode_t mode) {
  if (!is_under(path)) return (int)syscall(SYS_openat, directory, path, flags, mode);
  const char *did = "open";
  if (flags & O_CREAT && syscall(SYS_access, path, F_OK) != 0) did = "create";
  WHOLE_CALL(did, path, syscall(SYS_openat, directory, path, flags, mode), "%s %s", did, path);
}

#define MODE_OF_CALL(flags)                  \
  mode_t mode = 0;                           \
  if ((flags) & (O_CREAT | O_TMPFILE)) {     \
    va_list rest;                            \
    va_start(rest, flags);                   \
    mode = (mode_t)va_arg(rest, int);        \
    va_end(rest);                            \
  }

int open(const char *path, int flags, ...) {
  MODE_OF_CALL(flags)
  return any_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF_CALL(flags)
  return any_open(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE_OF_CALL(flags)
  return any_open(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  MODE_OF_CALL(flags)
  return any_open(directory, path, flags, mode);
}
