/* Messages in, one line each out. */
#include "vfs/cli/proto_commands.h"

#include "proto/codec.h"
#include "proto/envoy.h"
#include "proto/protocol.h"
#include "proto/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FINE = 0, EXIT_MALFORMED = 1, EXIT_TROUBLE = 2 };

struct request {
    const char *command;
    const char *type_name;
    const char *operand; /* NULL or "-": standard input */
    unsigned from, to;   /* decode and roundtrip: `from` alone */
    const struct bare_type *type;
    enum envoy_root root; /* convert */
    /* Prints the answer to one message and its line's end, and returns an exit status. */
    int (*answer)(const struct request *request, struct bare_slice message);
};

static int trouble(const struct request *request, const char *what, const char *which)
{
    (void)fprintf(stderr, "sqlite-preload %s: %s%s\n", request->command, what, which);
    return EXIT_TROUBLE;
}

static int print_malformed(size_t offset, const char *path, const char *reason)
{
    (void)printf("malformed %zu %s %s\n", offset, path, reason);
    return EXIT_MALFORMED;
}

static void print_text(const struct bare_writer *text)
{
    (void)fwrite(text->buf, 1, text->len, stdout);
    (void)printf("\n");
}

static void print_hex(const struct bare_writer *bytes)
{
    for (size_t i = 0; i < bytes->len; i++)
        (void)printf("%02x", bytes->buf[i]);
    (void)printf("\n");
}

static int answer_value(const struct request *request, struct bare_slice message, bool as_json)
{
    struct bare_arena arena = { 0 };
    struct bare_writer out = { 0 };
    struct bare_fault fault;
    int rc = EXIT_FINE;
    void *value = bare_decode_new(request->type, message, &arena, &fault);

    if (value && as_json)
        bare_value_json(&out, request->type, value);
    else if (value)
        (void)bare_encode(&out, request->type, value, &fault);
    if (fault.err == BARE_NOMEM || out.err != BARE_OK)
        rc = trouble(request, "out of memory", "");
    else if (fault.err != BARE_OK)
        rc = print_malformed(fault.offset, fault.path, bare_error_text(fault.err));
    else if (as_json)
        print_text(&out);
    else
        print_hex(&out);
    bare_writer_free(&out);
    bare_arena_free(&arena);
    return rc;
}

static int answer_decode(const struct request *request, struct bare_slice message)
{
    return answer_value(request, message, true);
}

static int answer_roundtrip(const struct request *request, struct bare_slice message)
{
    return answer_value(request, message, false);
}

static int print_refusal(const struct request *request, int rc, const struct envoy_why *why)
{
    if (rc == ENVOY_MALFORMED) return print_malformed(why->offset, why->path, why->reason);
    if (rc != ENVOY_INCOMPATIBLE) return trouble(request, why->text, "");
    (void)printf("incompatible %s:%s:%u:%u\n", why->feature, envoy_direction_name(why->direction),
                 why->needs, why->target);
    return EXIT_FINE;
}

static int answer_convert(const struct request *request, struct bare_slice message)
{
    struct bare_arena arena = { 0 };
    struct bare_writer out = { 0 };
    struct envoy_message value;
    struct envoy_why why;
    const char *dropped = NULL;
    int rc = envoy_decode(&value, request->root, request->from, message, &arena, &why);

    if (rc == ENVOY_OK) {
        dropped = why.dropped;
        rc = envoy_encode(&out, &value, request->to, &why);
    }
    if (rc == ENVOY_OK) {
        (void)printf("%s ", dropped || why.dropped ? "dropped" : "ok");
        print_hex(&out);
    } else {
        rc = print_refusal(request, rc, &why);
    }
    bare_writer_free(&out);
    bare_arena_free(&arena);
    return rc;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;
    long at = found ? found - digits : -1;

    return (int)(at > 15 ? at - 6 : at);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Turns the hex of `text` into bytes in place and answers them. */
static int answer_hex(const struct request *request, char *text, size_t len)
{
    uint8_t *bytes = (uint8_t *)text;
    size_t start = 0;

    while (len > 0 && is_blank(text[len - 1]))
        len--;
    while (start < len && is_blank(text[start]))
        start++;
    len -= start;
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_digit(text[start + 2 * i]), low = hex_digit(text[start + 2 * i + 1]);
        if (high < 0 || low < 0) return print_malformed(i, request->type_name, "not hexadecimal");
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (len % 2) return print_malformed(len / 2, request->type_name, "half a byte of hexadecimal");
    return request->answer(request, (struct bare_slice){ bytes, len / 2 });
}

/* One line with its end, however long. False: no more lines, or an error, which `*failed` tells. */
static bool read_line(struct bare_writer *line, FILE *in, bool *failed)
{
    char part[4096];

    line->len = 0;
    while (fgets(part, sizeof part, in)) {
        bare_put_bytes(line, bare_slice_of(part));
        if (strchr(part, '\n')) break;
    }
    *failed = ferror(in) || line->err != BARE_OK;
    return line->len > 0 && !*failed;
}

static int answer_lines(const struct request *request)
{
    struct bare_writer line = { 0 };
    bool failed = false;
    int status = EXIT_FINE;

    while (status != EXIT_TROUBLE && read_line(&line, stdin, &failed)) {
        int rc = answer_hex(request, (char *)line.buf, line.len);
        /* Whoever asks may wait for this answer before asking on. */
        (void)fflush(stdout);
        if (rc > status) status = rc;
    }
    bare_writer_free(&line);
    return failed ? trouble(request, "cannot read the messages", "") : status;
}

static int answer_operand(const struct request *request)
{
    size_t len = strlen(request->operand);
    char *text = calloc(len + 1, 1);
    int status;

    if (!text) return trouble(request, "out of memory", "");
    memcpy(text, request->operand, len);
    status = answer_hex(request, text, len);
    free(text);
    return status;
}

static unsigned parse_version(const char *text)
{
    char *end = NULL;
    unsigned long version = strtoul(text, &end, 10);

    if (!*text || *end || version > envoy_protocol.latest) return 0;
    return (unsigned)version;
}

/* Takes `--name value` or `--name=value` at argv[*i]; false when there is something else. */
static bool take_option(const char **value, int argc, char **argv, int *i, const char *name)
{
    const char *at = argv[*i];
    size_t len = strlen(name);

    if (strncmp(at, "--", 2) != 0 || strncmp(at + 2, name, len) != 0) return false;
    at += 2 + len;
    if (*at && *at != '=') return false;
    if (*at == '=')
        *value = at + 1;
    else
        *value = *i + 1 < argc ? argv[++*i] : "";
    return true;
}

static int take_version(const struct request *request, unsigned *version, const char *text)
{
    *version = parse_version(text);
    return *version ? EXIT_FINE : trouble(request, "no such version: ", text);
}

static int take_argument(struct request *request, int argc, char **argv, int *i)
{
    bool converts = request->answer == answer_convert;
    const char *value = "";

    if (take_option(&value, argc, argv, i, converts ? "from" : "version"))
        return take_version(request, &request->from, value);
    if (converts && take_option(&value, argc, argv, i, "to"))
        return take_version(request, &request->to, value);
    if (take_option(&request->type_name, argc, argv, i, "type")) return EXIT_FINE;
    if (request->operand || (argv[*i][0] == '-' && argv[*i][1]))
        return trouble(request, "unknown argument: ", argv[*i]);
    request->operand = argv[*i];
    return EXIT_FINE;
}

static int check_arguments(struct request *request)
{
    if (request->answer == answer_convert) {
        if (!request->from || !request->to || !request->type_name)
            return trouble(request, "wants --from N --to M --type ROOT [HEX|-]", "");
        if (envoy_root_find(&request->root, request->type_name) != 0)
            return trouble(request, "no such root: ", request->type_name);
        return EXIT_FINE;
    }
    if (!request->from || !request->type_name)
        return trouble(request, "wants --version N --type TYPE [HEX|-]", "");
    request->type = bare_schema_find(envoy_protocol.schemas[request->from - 1], request->type_name);
    if (!request->type)
        return trouble(request, "this version has no such type: ", request->type_name);
    return EXIT_FINE;
}

static int run(struct request *request, int argc, char **argv)
{
    int rc = EXIT_FINE;

    for (int i = 0; i < argc && rc == EXIT_FINE; i++)
        rc = take_argument(request, argc, argv, &i);
    if (rc == EXIT_FINE) rc = check_arguments(request);
    if (rc != EXIT_FINE) return rc;
    rc = request->operand && strcmp(request->operand, "-") != 0 ? answer_operand(request)
                                                                : answer_lines(request);
    if (fflush(stdout) != 0 || ferror(stdout)) return trouble(request, "cannot write", "");
    return rc;
}

int command_decode(int argc, char **argv)
{
    struct request request = { .command = "decode", .answer = answer_decode };
    return run(&request, argc, argv);
}

int command_roundtrip(int argc, char **argv)
{
    struct request request = { .command = "roundtrip", .answer = answer_roundtrip };
    return run(&request, argc, argv);
}

int command_convert(int argc, char **argv)
{
    struct request request = { .command = "convert", .answer = answer_convert };
    return run(&request, argc, argv);
}
