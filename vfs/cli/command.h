/* The tool's subcommands: each takes what stands behind its name and gives the exit status: 0 done,
 * 1 the answer is no (and why, on stdout or stderr), 2 wrong use. */
#ifndef VFS_CLI_COMMAND_H
#define VFS_CLI_COMMAND_H

struct command {
    const char *name;
    const char *arguments; /* for the help */
    const char *help;
    int (*run)(int argc, char **argv);
};

/* sqlite-preload options [--markdown] */
int command_options(int argc, char **argv);

/* sqlite-preload show SIDECAR */
int command_show(int argc, char **argv);

#endif
