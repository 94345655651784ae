/* The option table, as text and as docs/options.md. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vfs/cli/command.h"
#include "vfs/process/config.h"

static const char *const scope_names[] = { "registration", "process", "database", "host" };

static void print_environment(FILE *out, const struct config_option *option)
{
    fputs("SQLITE_PRELOAD", out);
    if (option->kind == CONFIG_KIND_MODE) return;
    fputc('_', out);
    for (const char *c = option->name; *c; c++)
        fputc(toupper((unsigned char)*c), out);
}

static void print_uri(FILE *out, const struct config_option *option)
{
    if (option->scope != CONFIG_SCOPE_DATABASE) return;
    if (option->kind == CONFIG_KIND_MODE)
        fputs("`preload`", out);
    else
        fprintf(out, "`preload_%s`", option->name);
}

static void print_cap(FILE *out, const struct config_option *option)
{
    if (option->most > 0 && option->most < UINT64_MAX - 1) fprintf(out, "%" PRIu64, option->most);
}

static const char *unit_of(enum config_kind kind)
{
    switch (kind) {
    case CONFIG_KIND_BYTES:
        return " bytes";
    case CONFIG_KIND_MS:
        return " ms";
    case CONFIG_KIND_MODE:
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_FILE:
    case CONFIG_KIND_LOG:
    case CONFIG_KIND_STORE:
    case CONFIG_KIND_COUNT:
        break;
    }
    return "";
}

static void print_markdown_row(const struct config_option *option)
{
    printf("| `%s` | ", option->name);
    print_uri(stdout, option);
    printf(" | `");
    print_environment(stdout, option);
    printf("` | %s | %s%s | ", scope_names[option->scope], option->def[0] ? option->def : "(empty)",
           isdigit((unsigned char)option->def[0]) ? unit_of(option->kind) : "");
    print_cap(stdout, option);
    printf(" | %s |\n", option->help);
}

static void print_markdown(void)
{
    puts("# Options\n\n"
         "Made by `sqlite-preload options --markdown` from the table in vfs/process/config.h.\n\n"
         "A value comes from the URI, else from the host (`preload_configure()`, `SELECT "
         "preload_config(name, value)`, the "
         "options of\n`preload_register()`), else from the environment as it was at registration, "
         "else "
         "it is the default. `off`, from "
         "whichever of them, wins. A value\nthat is not of its kind counts as the default, one "
         "past its cap as "
         "the cap; both are logged. "
         "Bytes may end in K, M or G.\n"
         "From the host a value that is not of its kind is an error, and changes nothing.\n\n"
         "| option | URI | environment | read at, for | default | cap | meaning |\n"
         "|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < preload_config_option_count; i++)
        print_markdown_row(&preload_config_options[i]);
}

static void print_text(void)
{
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];

        printf("%-14s %s\n%-14s default %s%s", option->name, option->help, "",
               option->def[0] ? option->def : "(empty)",
               isdigit((unsigned char)option->def[0]) ? unit_of(option->kind) : "");
        if (option->most > 0 && option->most < UINT64_MAX - 1) {
            printf(", at most ");
            print_cap(stdout, option);
        }
        printf("; ");
        print_environment(stdout, option);
        putchar('\n');
    }
}

int command_options(int argc, char **argv)
{
    if (argc > 1 || (argc == 1 && strcmp(argv[0], "--markdown") != 0)) {
        fputs("usage: sqlite-preload options [--markdown]\n", stderr);
        return 2;
    }
    if (argc == 1)
        print_markdown();
    else
        print_text();
    return 0;
}
