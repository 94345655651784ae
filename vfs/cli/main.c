/* sqlite-preload: looks at what the library keeps. */
#include <stdio.h>
#include <string.h>

#include "vfs/cli/command.h"
#include "vfs/cli/proto_commands.h"
#include "vfs/preload.h"

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command commands[] = {
    { "options", "[--markdown]", "list every option with its default and its cap",
      command_options },
    { "show", "SIDECAR", "print the hints that a sidecar file holds", command_show },
    { "decode", "--version N --type TYPE [HEX|-]", "print protocol messages as JSON",
      command_decode },
    { "roundtrip", "--version N --type TYPE [HEX|-]", "decode messages and print their bytes again",
      command_roundtrip },
    { "convert", "--from N --to M --type ROOT [HEX|-]", "bring messages to another version",
      command_convert },
    { "version", "", "print the version", command_version },
    { "help", "", "print this", command_help },
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(FILE *out)
{
    fprintf(out, "usage: sqlite-preload COMMAND\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %-37s %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
}

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_help(stdout);
    return 0;
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts(PRELOAD_VERSION);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0) return commands[i].run(argc - 2, argv + 2);
    }
    print_help(stderr);
    return 2;
}
