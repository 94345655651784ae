/* barec: schemas and rules to C.
 *
 *     barec protocol DIR RULES... v1.bare v2.bare ...    types.h tables.h vN.c plan_N_M.c
 *                                                        protocol.c plans.txt
 *     barec record DIR NAME PREFIX FILE.bare             NAME.h NAME.c
 *
 * A file that ends in .bare is a schema, and its place is its version. Exit status 1 with
 * "FILE:LINE: REASON" when the sources are wrong, 2 when the call or a file is. */
#include "front.h"

#include <string.h>

enum { FILES_MAX = 64 };

enum { EXIT_REFUSED = 1, EXIT_TROUBLE = 2 };

struct tool {
    struct bare_arena arena;
    struct complaint complaint;
    bool in_trouble;
};

/* The call or a file is at fault, not what is in it. */
static void trouble(struct tool *tool, const char *what, const char *name)
{
    if (tool->complaint.any) return;
    tool->complaint.any = tool->in_trouble = true;
    (void)snprintf(tool->complaint.text, sizeof tool->complaint.text, "barec: %s %s", what, name);
}

static struct bare_slice read_file(struct tool *tool, const char *name)
{
    FILE *in = fopen(name, "rbe");
    char *text = NULL;
    size_t len = 0, got = 0;

    if (!in) {
        trouble(tool, "cannot open", name);
        return (struct bare_slice){ NULL, 0 };
    }
    do {
        char *more = text_alloc(&tool->arena, 1, len + 65536);
        if (len > 0) memcpy(more, text, len);
        text = more;
        got = fread(text + len, 1, 65536, in);
        len += got;
    } while (got > 0);
    if (ferror(in)) trouble(tool, "cannot read", name);
    (void)fclose(in);
    return (struct bare_slice){ (const uint8_t *)text, len };
}

/* NULL after trouble; `finish` takes that. */
static FILE *create(struct tool *tool, const char *dir, const char *name)
{
    const char *path = text_print(&tool->arena, "%s/%s", dir, name);
    FILE *out = tool->complaint.any ? NULL : fopen(path, "wbe");

    if (!out) trouble(tool, "cannot create", path);
    return out;
}

static void finish(struct tool *tool, FILE *out, const char *name)
{
    bool bad = !out || ferror(out);

    if (out && fclose(out) != 0) bad = true;
    if (bad) trouble(tool, "cannot write", name);
}

static void write_common(struct tool *tool, const struct protocol *protocol, const char *dir)
{
    static const struct {
        const char *name;
        void (*emit)(FILE *out, const struct protocol *protocol);
    } files[] = {
        { "types.h", emit_types_header },
        { "tables.h", emit_tables_header },
        { "protocol.c", emit_protocol },
        { "plans.txt", emit_plans_text },
    };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        FILE *out = create(tool, dir, files[i].name);
        if (out) files[i].emit(out, protocol);
        finish(tool, out, files[i].name);
    }
}

static void write_versions(struct tool *tool, const struct protocol *protocol, const char *dir)
{
    for (size_t i = 0; i < protocol->version_count; i++) {
        const char *name = text_print(&tool->arena, "v%zu.c", i + 1);
        FILE *out = create(tool, dir, name);
        if (out) emit_version(out, protocol, i);
        finish(tool, out, name);
    }
    for (size_t i = 0; i + 1 < protocol->version_count; i++) {
        const char *name = text_print(&tool->arena, "plan_%zu_%zu.c", i + 1, i + 2);
        FILE *out = create(tool, dir, name);
        if (out) emit_plans(out, &protocol->steps[2 * i], &protocol->steps[2 * i + 1]);
        finish(tool, out, name);
    }
}

static bool is_schema(const char *name)
{
    size_t len = strlen(name);

    return len >= 5 && strcmp(name + len - 5, ".bare") == 0;
}

/* Versions are places, so a list in the wrong order would give every message another meaning. */
static void check_name(struct tool *tool, const char *file, size_t version)
{
    const char *slash = strrchr(file, '/');
    char name[32];

    (void)snprintf(name, sizeof name, "v%zu.bare", version);
    if (strcmp(slash ? slash + 1 : file, name) != 0)
        complain(&tool->complaint, file, 1,
                 "this is version %zu by its place, so its name has to be %s", version, name);
}

static void compile_protocol(struct tool *tool, char **files, int count, const char *dir)
{
    struct source schemas[FILES_MAX], rules[FILES_MAX];
    size_t schema_count = 0, rules_count = 0;
    struct protocol protocol;

    if (count > FILES_MAX) trouble(tool, "too many files for", dir);
    for (int i = 0; i < count && !tool->complaint.any; i++) {
        struct source source = { files[i], read_file(tool, files[i]) };
        if (!is_schema(files[i])) {
            rules[rules_count++] = source;
        } else {
            schemas[schema_count++] = source;
            check_name(tool, files[i], schema_count);
        }
    }
    if (schema_count == 0) trouble(tool, "no schema among the files for", dir);
    if (tool->complaint.any) return;
    front_protocol(&protocol, schemas, schema_count, rules, rules_count, &tool->arena,
                   &tool->complaint);
    if (tool->complaint.any) return;
    write_common(tool, &protocol, dir);
    write_versions(tool, &protocol, dir);
}

static void compile_record(struct tool *tool, char **args)
{
    const char *dir = args[0], *file = args[3];
    const char *header = text_print(&tool->arena, "%s.h", args[1]);
    const char *body = text_print(&tool->arena, "%s.c", args[1]);
    struct source source = { file, read_file(tool, file) };
    struct schema schema;
    FILE *out;

    if (tool->complaint.any) return;
    front_record(&schema, &source, args[2], &tool->arena, &tool->complaint);
    if (tool->complaint.any) return;
    out = create(tool, dir, header);
    if (out) emit_record_header(out, &schema, &tool->arena);
    finish(tool, out, header);
    out = create(tool, dir, body);
    if (out) emit_record(out, &schema, header);
    finish(tool, out, body);
}

int main(int argc, char **argv)
{
    struct tool tool = { .in_trouble = false };

    if (argc >= 5 && strcmp(argv[1], "protocol") == 0)
        compile_protocol(&tool, argv + 3, argc - 3, argv[2]);
    else if (argc == 6 && strcmp(argv[1], "record") == 0)
        compile_record(&tool, argv + 2);
    else
        trouble(&tool, "usage: barec protocol DIR RULES... SCHEMAS... |",
                "record DIR NAME PREFIX FILE");
    if (tool.complaint.any) (void)fprintf(stderr, "%s\n", tool.complaint.text);
    bare_arena_free(&tool.arena);
    if (!tool.complaint.any) return 0;
    return tool.in_trouble ? EXIT_TROUBLE : EXIT_REFUSED;
}
