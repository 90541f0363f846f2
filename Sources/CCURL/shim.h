// libcurl, loaded when it is first needed: its header gives the types and numbers, dlopen(3) the functions.
// Linked, it and its 30 libraries would take 6 MiB and 8 ms of every weir, most of which never asks for it.
// curl_easy_setopt(3) and curl_easy_getinfo(3) are variadic, which Swift does not import.

#ifndef WEIR_CCURL_SHIM_H
#define WEIR_CCURL_SHIM_H

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct weir_curl {
  CURLcode (*global_init)(long);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *);
  CURLcode (*setopt)(CURL *, CURLoption, ...);
  CURLcode (*getinfo)(CURL *, CURLINFO, ...);
  const char *(*strerror)(CURLcode);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
  CURLM *(*multi_init)(void);
  CURLMcode (*multi_cleanup)(CURLM *);
  CURLMcode (*multi_add)(CURLM *, CURL *);
  CURLMcode (*multi_remove)(CURLM *, CURL *);
  CURLMcode (*multi_perform)(CURLM *, int *);
  CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned int, int, int *);
  CURLMsg *(*multi_info_read)(CURLM *, int *);
} weir_curl;

// Fills `curl`; returns NULL, or why not, in dlerror(3)'s words. The library stays loaded.
static inline const char *weir_curl_load(weir_curl *curl) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return dlerror();
  struct {
    const char *name;
    void *place;
  } functions[] = {
      {"curl_global_init", &curl->global_init},
      {"curl_easy_init", &curl->easy_init},
      {"curl_easy_cleanup", &curl->easy_cleanup},
      {"curl_easy_setopt", &curl->setopt},
      {"curl_easy_getinfo", &curl->getinfo},
      {"curl_easy_strerror", &curl->strerror},
      {"curl_slist_append", &curl->slist_append},
      {"curl_slist_free_all", &curl->slist_free_all},
      {"curl_multi_init", &curl->multi_init},
      {"curl_multi_cleanup", &curl->multi_cleanup},
      {"curl_multi_add_handle", &curl->multi_add},
      {"curl_multi_remove_handle", &curl->multi_remove},
      {"curl_multi_perform", &curl->multi_perform},
      {"curl_multi_poll", &curl->multi_poll},
      {"curl_multi_info_read", &curl->multi_info_read},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    void *function = dlsym(library, functions[index].name);
    if (function == NULL) return dlerror();
    *(void **)functions[index].place = function;
  }
  return NULL;
}

static inline CURLcode weir_curl_set_number(const weir_curl *curl, CURL *easy, CURLoption option,
                                            long value) {
  return curl->setopt(easy, option, value);
}

static inline CURLcode weir_curl_set_text(const weir_curl *curl, CURL *easy, CURLoption option,
                                          const char *value) {
  return curl->setopt(easy, option, value);
}

static inline CURLcode weir_curl_set_pointer(const weir_curl *curl, CURL *easy, CURLoption option,
                                             void *value) {
  return curl->setopt(easy, option, value);
}

// The body is copied.
static inline CURLcode weir_curl_set_body(const weir_curl *curl, CURL *easy, const void *bytes,
                                          size_t count) {
  CURLcode code = curl->setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
  return code != CURLE_OK ? code : curl->setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

typedef size_t (*weir_curl_receiver)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode weir_curl_set_receivers(const weir_curl *curl, CURL *easy,
                                               weir_curl_receiver header, weir_curl_receiver body,
                                               void *context) {
  CURLcode codes[] = {
      curl->setopt(easy, CURLOPT_HEADERFUNCTION, header),
      curl->setopt(easy, CURLOPT_HEADERDATA, context),
      curl->setopt(easy, CURLOPT_WRITEFUNCTION, body),
      curl->setopt(easy, CURLOPT_WRITEDATA, context),
  };
  for (size_t index = 0; index < sizeof codes / sizeof *codes; index++)
    if (codes[index] != CURLE_OK) return codes[index];
  return CURLE_OK;
}

static inline long weir_curl_sent(const weir_curl *curl, CURL *easy) {
  curl_off_t count = 0;
  return curl->getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &count) == CURLE_OK ? (long)count : 0;
}

// The seconds that the header Retry-After asks for, as a number or as a date; 0 without one.
static inline long weir_curl_retry_after(const weir_curl *curl, CURL *easy) {
  curl_off_t seconds = 0;
  return curl->getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK ? (long)seconds : 0;
}

// A text that is known of the transfer; NULL where it is not.
static inline const char *weir_curl_text(const weir_curl *curl, CURL *easy, CURLINFO about) {
  char *text = NULL;
  return curl->getinfo(easy, about, &text) == CURLE_OK ? text : NULL;
}

// Whether the only transfer of `multi` has ended, and how.
static inline bool weir_curl_has_ended(const weir_curl *curl, CURLM *multi, CURLcode *result) {
  int left = 0;
  for (CURLMsg *message; (message = curl->multi_info_read(multi, &left)) != NULL;) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return true;
  }
  return false;
}

// Waits for the transfer to go on, for `fd` to be hung up, or for the time to be over. A poll for nothing
// tells of a hang-up, which libcurl does not hand on: whoever waits looks again.
static inline CURLMcode weir_curl_wait(const weir_curl *curl, CURLM *multi, int fd, int milliseconds) {
  struct curl_waitfd watched = {.fd = fd, .events = 0, .revents = 0};
  return curl->multi_poll(multi, &watched, fd < 0 ? 0 : 1, milliseconds, NULL);
}

#endif
