// Little more than what a FastCGI program over libfcgi has to do to stream events: what is left over is
// the cost of nginx and the kernel. It keeps no queue; the events of its streams it makes itself.
//
//   limit SOCKET
//
// GET  /sse                     a stream; at /sse/quiet one on which no event comes
// POST /publish?rate=R&count=N  with the first event's data as the body, "load RUN NUMBER TIME xxx…":
//                               makes N events of this form, R a second, from TIME on
// POST /publish                 an acknowledgement of an event that nobody keeps
//
// One thread and one epoll. The bytes on the wire are those that weir sends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/sockios.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  record_header_bytes = 8,
  record_content_bytes_max = 65535,
  number_offset = 14,
  number_digits = 9,
  time_offset = 24,
  time_digits = 19,
  data_bytes_min = 44,
  data_bytes_max = 60000,
  descriptors_max = 65536,
  ready_max = 512,
  pacing_samples_max = 24,  // 16, and what rounding adds
  frame_bytes_max = 47 << 10,
};

enum state { unused, requesting, quiet, live, blocked };

struct stream {
  enum state state;
  size_t sent;  // bytes of the log
};

static struct stream streams[descriptors_max];  // by descriptor
static int live_list[descriptors_max];
static int live_count;
static int slot_of[descriptors_max];
static int epoll;

// Everything that was ever rendered in this run, records with their headers.
static char *frames;
static size_t frames_bytes, frames_room;

static struct {
  char data[data_bytes_max];
  size_t data_bytes;
  double rate;
  long long start, count, next;
} run;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// --- Pacing: the same as Sources/Streaming/Passes/Pacing.swift ---

static struct {
  int samples[pacing_samples_max];  // descriptors
  int count, taken, writes;
  long long began, ended, busy_until, opens, arrivals;
} pacing;

static int is_drained(int fd) {
  int unread = 0;
  return streams[fd].state == unused || ioctl(fd, SIOCOUTQ, &unread) != 0 || unread == 0;
}

static void begin_pass(long long now, int writes) {
  pacing.began = now;
  pacing.writes = writes;
  pacing.count = 0;
  pacing.arrivals = 0;
}

// Looks at a stream before the write `number` of the pass.
static void sample(int number, int fd) {
  int share = 8;
  int every = pacing.writes / share > 1 ? pacing.writes / share : 1;
  if (number < pacing.writes - share && number % every != 0) return;
  if (pacing.count < pacing_samples_max && is_drained(fd)) pacing.samples[pacing.count++] = fd;
}

static void end_pass(long long now) {
  pacing.ended = now;
  pacing.busy_until = now;
  pacing.taken = pacing.count;
}

// Nanoseconds until the next pass may begin or is to be asked for again; 0 for at once.
static long long pass_delay(long long now) {
  if (pacing.count > 0) {
    int left = 0;
    for (int index = 0; index < pacing.count; index++)
      if (!is_drained(pacing.samples[index])) pacing.samples[left++] = pacing.samples[index];
    pacing.count = left;
    if (left * 4 > pacing.taken && now - pacing.ended < 250000000 + 50000ll * pacing.writes) {
      pacing.busy_until = now;
      return 1000000;
    }
    pacing.count = 0;
    long long busy = pacing.busy_until - pacing.began;
    long long letting_in = pacing.arrivals * 150000;
    pacing.opens = pacing.busy_until + busy / 10 + (letting_in < busy ? letting_in : busy);
  }
  return pacing.opens > now ? pacing.opens - now : 0;
}

// --- Streams ---

static void watch(int fd, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, operation, fd, &event) != 0) fail("epoll_ctl");
}

static void leave_live(int fd) {
  int slot = slot_of[fd];
  live_list[slot] = live_list[--live_count];
  slot_of[live_list[slot]] = slot;
}

static void join_live(int fd) {
  streams[fd].state = live;
  slot_of[fd] = live_count;
  live_list[live_count++] = fd;
}

static void end(int fd) {
  if (streams[fd].state == live) leave_live(fd);
  streams[fd].state = unused;
  close(fd);
}

// Sends what a stream has not had yet; returns whether it is still there.
static void send_rest(int fd) {
  struct stream *stream = &streams[fd];
  ssize_t count = send(fd, frames + stream->sent, frames_bytes - stream->sent, MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN) {
    end(fd);
    return;
  }
  if (count > 0) stream->sent += (size_t)count;
  if (stream->sent == frames_bytes) {
    if (stream->state == blocked) {
      watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP);
      join_live(fd);
    }
  } else if (stream->state == live) {
    leave_live(fd);
    stream->state = blocked;
    watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
  }
}

// --- Events ---

static long long due_at(long long number) {
  return run.start + (long long)((double)number * 1e9 / run.rate);
}

static void put_digits(char *place, int digits, long long value) {
  for (int index = digits - 1; index >= 0; index--, value /= 10) place[index] = '0' + value % 10;
}

static void make_room(size_t bytes) {
  if (frames_bytes + bytes <= frames_room) return;
  frames_room = 2 * (frames_bytes + bytes);
  frames = realloc(frames, frames_room);
  if (frames == NULL) fail("realloc");
}

// Renders what is due into one record and sends it to every live stream.
static void run_pass(long long now) {
  make_room(record_header_bytes + record_content_bytes_max);
  char *record = frames + frames_bytes;
  size_t content = 0;
  while (run.next < run.count && due_at(run.next) <= now && content < frame_bytes_max &&
         content + run.data_bytes + 64 <= record_content_bytes_max) {
    put_digits(run.data + number_offset, number_digits, run.next);
    put_digits(run.data + time_offset, time_digits, due_at(run.next));
    run.next++;
    char *place = record + record_header_bytes + content;
    memcpy(place, "data: ", 6);
    memcpy(place + 6, run.data, run.data_bytes);
    content += 6 + run.data_bytes;
    content += (size_t)sprintf(place + 6 + run.data_bytes, "\nid: 00000000-%lld\n\n", run.next);
  }
  // STDOUT of request 1.
  const char header[record_header_bytes] = {1, 6, 0, 1, (char)(content >> 8), (char)content, 0, 0};
  memcpy(record, header, sizeof header);
  frames_bytes += sizeof header + content;
  begin_pass(now, live_count);
  int number = 0;
  // From the end: a stream that leaves the list is replaced by its last one.
  for (int slot = live_count - 1; slot >= 0; slot--) {
    sample(number++, live_list[slot]);
    send_rest(live_list[slot]);
  }
  end_pass(now_ns());
}

// Begins a run; only while every stream has all of the one before.
static int begin_run(const char *query, const char *data, size_t data_bytes) {
  double rate = 0;
  long long count = 0;
  if (query == NULL || sscanf(query, "rate=%lf&count=%lld", &rate, &count) != 2) return 0;
  if (rate <= 0 || count < 1 || data_bytes < data_bytes_min) return 0;
  memcpy(run.data, data, data_bytes);
  run.data_bytes = data_bytes;
  run.rate = rate;
  run.count = count;
  run.next = 0;
  run.start = atoll(data + time_offset);
  return 1;
}

// --- Requests ---

static void answer(int fd, const char *text, int is_end) {
  char bytes[512];
  size_t length = strlen(text);
  const char header[] = {1, 6, 0, 1, (char)(length >> 8), (char)length, 0, 0};
  const char ending[] = {1, 6, 0, 1, 0, 0, 0, 0, 1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  memcpy(bytes, header, sizeof header);
  memcpy(bytes + sizeof header, text, length);
  memcpy(bytes + sizeof header + length, ending, sizeof ending);
  size_t count = sizeof header + length + (is_end ? sizeof ending : 0);
  if (send(fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count) end(fd);
}

// Has libfcgi read the request from a connection on which it has come, then takes that back.
static void take_request(int fd) {
  static char body[data_bytes_max];
  FCGX_Request request;
  FCGX_InitRequest(&request, -1, 0);
  request.ipcFd = fd;
  request.keepConnection = 1;  // else libfcgi closes the connection before it reads
  request.detached = 1;
  if (FCGX_Accept_r(&request) != 0) {
    streams[fd].state = unused;  // libfcgi has closed it
    return;
  }
  const char *path = FCGX_GetParam("SCRIPT_NAME", request.envp);
  int is_generate = path != NULL && strncmp(path, "/publish", 8) == 0;
  int is_quiet = path != NULL && strcmp(path, "/sse/quiet") == 0;
  int body_bytes = FCGX_GetStr(body, sizeof body, request.in);
  const char *query = FCGX_GetParam("QUERY_STRING", request.envp);
  int is_publish = is_generate && (query == NULL || *query == 0);
  int has_begun = is_generate && !is_publish && begin_run(query, body, (size_t)body_bytes);
  int is_kept = request.keepConnection;
  FCGX_Free(&request, 0);
  if (is_publish) {
    static long long number;
    char text[192];
    snprintf(text, sizeof text,
             "Status: 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\r\n"
             "{\"durable\":\"none\",\"id\":\"00000000-%lld\",\"topic\":\"load\"}\n", ++number);
    answer(fd, text, 1);
    if (!is_kept && streams[fd].state != unused) end(fd);
    return;
  }
  if (is_generate) {
    answer(fd, has_begun ? "Status: 204 No Content\r\n\r\n" : "Status: 400 Bad Request\r\n\r\n", 1);
    if (streams[fd].state != unused) end(fd);
    return;
  }
  answer(fd, "Status: 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
             "X-Accel-Buffering: no\r\n\r\nretry: 2000\n", 0);
  if (streams[fd].state == unused) return;
  streams[fd].sent = frames_bytes;
  streams[fd].state = quiet;
  pacing.arrivals++;
  if (!is_quiet) join_live(fd);
}

static void accept_all(int listener) {
  int fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
    if (fd >= descriptors_max) {
      close(fd);
      continue;
    }
    streams[fd] = (struct stream){.state = requesting};
    watch(fd, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP);
  }
}

static void handle(int fd, unsigned events) {
  switch (streams[fd].state) {
  case unused:
    break;
  case requesting:
    take_request(fd);
    break;
  case quiet:
  case live:
  case blocked:
    // A web server has nothing more to say on a stream: what comes is its end.
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end(fd);
    else if (events & EPOLLOUT) send_rest(fd);
  }
}

// Nanoseconds until something is to be done; negative where there is nothing to do.
static long long next_delay(long long now) {
  if (run.next >= run.count) return -1;
  long long due = due_at(run.next);
  return due > now ? due - now : pass_delay(now);
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "limit: the path %s is too long\n", path);
    exit(1);
  }
  strcpy(address.sun_path, path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) fail("socket");
  umask(0117);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
  if (listen(listener, 4096) != 0) fail("listen");
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: limit SOCKET\n");
    return 64;
  }
  FCGX_Init();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_at(argv[1]);
  watch(listener, EPOLL_CTL_ADD, EPOLLIN);
  static struct epoll_event ready[ready_max];
  while (1) {
    long long delay = next_delay(now_ns());
    int timeout = delay < 0 ? -1 : (int)((delay + 999999) / 1000000);  // rounded up, as weir does
    int count = epoll_wait(epoll, ready, ready_max, timeout);
    for (int index = 0; index < count; index++) {
      if (ready[index].data.fd == listener) accept_all(listener);
      else handle(ready[index].data.fd, ready[index].events);
    }
    long long now = now_ns();
    if (next_delay(now) == 0) run_pass(now);
  }
}
