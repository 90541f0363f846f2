#include "CTOML.h"

// An error is a result, because an exception must not come to Swift.
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Each takes some 3 KiB of the stack, and more with a sanitizer: github.com/marzer/tomlplusplus/issues/292.
#define TOML_MAX_NESTED_VALUES 32
// In 3.3 bad input breaks assertions before it is refused, such as `[=`; with NDEBUG the compiler would believe
// them. What stands behind them holds without.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <vector>

struct weir_toml {
  std::vector<weir_toml_node> nodes;
  std::string texts;
  weir_toml_place failure = {1, 1};
  bool has_failed = false;
};

namespace {

weir_toml_place place(const toml::source_position &position) {
  return {position.line == 0 ? 1 : position.line, position.column == 0 ? 1 : position.column};
}

class Flattening {
 public:
  explicit Flattening(weir_toml &document) : document_(document) {}

  void add(const toml::node &node, const toml::key *name) {
    weir_toml_node flat = {};
    flat.begin = place(node.source().begin);
    flat.end = place(node.source().end);
    if (name != nullptr) {
      flat.name = keep(name->str());
      flat.name_begin = place(name->source().begin);
    }
    switch (node.type()) {
      case toml::node_type::string:
        flat.kind = WEIR_TOML_TEXT;
        flat.text = keep(node.as_string()->get());
        break;
      case toml::node_type::integer:
        flat.kind = WEIR_TOML_INTEGER;
        flat.integer = node.as_integer()->get();
        break;
      case toml::node_type::floating_point:
        flat.kind = WEIR_TOML_NUMBER;
        flat.number = node.as_floating_point()->get();
        break;
      case toml::node_type::boolean:
        flat.kind = WEIR_TOML_BOOLEAN;
        flat.boolean = node.as_boolean()->get();
        break;
      case toml::node_type::array:
        flat.kind = WEIR_TOML_LIST;
        flat.count = node.as_array()->size();
        document_.nodes.push_back(flat);
        for (const toml::node &element : *node.as_array()) add(element, nullptr);
        return;
      case toml::node_type::table:
        add_table(*node.as_table(), flat);
        return;
      default:
        flat.kind = WEIR_TOML_TIME;
    }
    document_.nodes.push_back(flat);
  }

 private:
  weir_toml &document_;

  // A table of toml++ is in the order of its names; the file's order is that of their places.
  void add_table(const toml::table &table, weir_toml_node flat) {
    flat.kind = WEIR_TOML_TABLE;
    flat.count = table.size();
    document_.nodes.push_back(flat);
    std::vector<std::pair<const toml::key *, const toml::node *>> members;
    for (auto member = table.cbegin(); member != table.cend(); ++member)
      members.emplace_back(&member->first, &member->second);
    std::sort(members.begin(), members.end(), [](const auto &one, const auto &other) {
      return one.first->source().begin < other.first->source().begin;
    });
    for (const auto &member : members) add(*member.second, member.first);
  }

  weir_toml_stretch keep(std::string_view text) {
    const size_t offset = document_.texts.size();
    document_.texts += text;
    return {offset, text.size()};
  }
};

}  // namespace

weir_toml *weir_toml_parse(const void *bytes, size_t count) {
  try {
    auto document = std::make_unique<weir_toml>();
    const toml::parse_result result =
        toml::parse(std::string_view(static_cast<const char *>(bytes), count));
    if (result) {
      Flattening(*document).add(result.table(), nullptr);
    } else {
      document->has_failed = true;
      document->failure = place(result.error().source().begin);
      document->texts = result.error().description();
    }
    return document.release();
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void weir_toml_free(weir_toml *document) { delete document; }

bool weir_toml_has_failed(const weir_toml *document) { return document->has_failed; }

weir_toml_place weir_toml_failure_place(const weir_toml *document) { return document->failure; }

size_t weir_toml_node_count(const weir_toml *document) { return document->nodes.size(); }

weir_toml_node weir_toml_node_at(const weir_toml *document, size_t index) {
  return document->nodes[index];
}

const void *weir_toml_texts(const weir_toml *document) { return document->texts.data(); }

size_t weir_toml_text_count(const weir_toml *document) { return document->texts.size(); }
