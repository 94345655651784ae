/* barec over any texts: a line `%%` ends a schema, the last part is the page of rules. It refuses
 * with file, line and reason, or makes a protocol that can be written. */
#include "front.h"
#include "tests/fuzz/proto/fuzz.h"

#include <string.h>

enum { SCHEMAS_MAX = 3 };

/* Cuts the text before the next `%%`. */
static struct bare_slice cut(struct bare_slice *rest)
{
    struct bare_slice part = *rest;

    for (size_t i = 0; i + 1 < rest->len; i++) {
        if (rest->data[i] != '%' || rest->data[i + 1] != '%') continue;
        part.len = i;
        break;
    }
    rest->data += part.len < rest->len ? part.len + 2 : part.len;
    rest->len -= part.len < rest->len ? part.len + 2 : part.len;
    return part;
}

static void write_all(const struct protocol *protocol)
{
    FILE *out = tmpfile();

    REQUIRE(out);
    if (!out) return;
    emit_types_header(out, protocol);
    emit_tables_header(out, protocol);
    emit_protocol(out, protocol);
    emit_plans_text(out, protocol);
    for (size_t i = 0; i < protocol->version_count; i++)
        emit_version(out, protocol, i);
    for (size_t i = 0; i + 1 < protocol->version_count; i++)
        emit_plans(out, &protocol->steps[2 * i], &protocol->steps[2 * i + 1]);
    REQUIRE(!ferror(out));
    (void)fclose(out);
}

/* One schema alone, as a record. */
static void check_record(struct bare_slice text)
{
    const struct source source = { "v.bare", text };
    struct bare_arena arena = { 0 };
    struct complaint complaint = { 0 };
    struct schema schema;
    FILE *out = NULL;

    front_record(&schema, &source, "stored_", &arena, &complaint);
    REQUIRE(!complaint.any || strncmp(complaint.text, "v.bare:", 7) == 0);
    if (!complaint.any) out = tmpfile();
    if (out) {
        emit_record_header(out, &schema, &arena);
        emit_record(out, &schema, "stored.h");
        REQUIRE(!ferror(out));
        (void)fclose(out);
    }
    bare_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[SCHEMAS_MAX] = { "v1.bare", "v2.bare", "v3.bare" };
    struct bare_slice rest = { data, size };
    struct source schemas[SCHEMAS_MAX], rules = { "evolution", { NULL, 0 } };
    struct bare_arena arena = { 0 };
    struct complaint complaint = { 0 };
    struct protocol protocol;
    size_t count = 0;

    for (struct bare_slice part = cut(&rest); count < SCHEMAS_MAX; part = cut(&rest)) {
        rules.text = part;
        if (rest.len == 0) break;
        schemas[count] = (struct source){ names[count], part };
        count++;
    }
    if (count == 0) {
        check_record(rules.text);
        return 0;
    }
    front_protocol(&protocol, schemas, count, &rules, 1, &arena, &complaint);
    REQUIRE(complaint.any == (complaint.text[0] != '\0'));
    if (complaint.any)
        REQUIRE(strncmp(complaint.text, "v", 1) == 0 || strncmp(complaint.text, "evo", 3) == 0);
    else
        write_all(&protocol);
    bare_arena_free(&arena);
    return 0;
}
