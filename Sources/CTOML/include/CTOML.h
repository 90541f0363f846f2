// A TOML document as one list of its values: toml++, which is C++, behind what C knows.

#ifndef WEIR_CTOML_H
#define WEIR_CTOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_toml_kind {
  WEIR_TOML_TEXT,
  WEIR_TOML_INTEGER,
  WEIR_TOML_NUMBER,
  WEIR_TOML_BOOLEAN,
  WEIR_TOML_TIME,
  WEIR_TOML_LIST,
  WEIR_TOML_TABLE,
} weir_toml_kind;

// Lines and columns begin with 1; a column is a Unicode scalar.
typedef struct weir_toml_place {
  uint32_t line;
  uint32_t column;
} weir_toml_place;

// A stretch of weir_toml_texts().
typedef struct weir_toml_stretch {
  size_t offset;
  size_t count;
} weir_toml_stretch;

// A value; what lies in a list or a table follows it, each with what lies in itself.
typedef struct weir_toml_node {
  weir_toml_kind kind;
  weir_toml_place begin;
  weir_toml_place end;
  // Of a member of a table: its name.
  weir_toml_stretch name;
  weir_toml_place name_begin;
  weir_toml_stretch text;
  int64_t integer;
  double number;
  bool boolean;
  // How many values lie in it.
  size_t count;
} weir_toml_node;

typedef struct weir_toml weir_toml;

// Reads a document. NULL where there is no memory; else freed with weir_toml_free().
weir_toml *weir_toml_parse(const void *bytes, size_t count);
void weir_toml_free(weir_toml *document);

// Whether it is none; then the text says why, and the place where.
bool weir_toml_has_failed(const weir_toml *document);
weir_toml_place weir_toml_failure_place(const weir_toml *document);

// The values, the document's own table first; none where it has failed.
size_t weir_toml_node_count(const weir_toml *document);
weir_toml_node weir_toml_node_at(const weir_toml *document, size_t index);

// What names and texts are stretches of; where it has failed, why. Not terminated.
const void *weir_toml_texts(const weir_toml *document);
size_t weir_toml_text_count(const weir_toml *document);

#ifdef __cplusplus
}
#endif

#endif
