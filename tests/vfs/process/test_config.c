#include "vfs/process/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/vfs/common.h"
#include "vfs/entry/say.h"
#include "vfs/entry/uri.h"
#include "vfs/process/log.h"

TestSuite(config, .init = scratch_begin, .fini = scratch_end);

/* Prints an option as it stands in `config`. */
static struct text value_of(const struct config *config, const char *name)
{
    const struct config_option *option = preload_config_find(name);
    struct text text = { "" };

    cr_assert_not_null(option, "%s", name);
    preload_config_print(text.s, sizeof text.s, config, option);
    return text;
}

static bool is_text(const struct config_option *option)
{
    return option->kind == CONFIG_KIND_TEXT || option->kind == CONFIG_KIND_FILE ||
           option->kind == CONFIG_KIND_LOG || option->kind == CONFIG_KIND_STORE;
}

static const struct value_case {
    const char *name, *value, *want;
    enum config_result result;
} value_cases[] = {
    { "mode", "off", "off", CONFIG_OK },
    { "mode", "record", "record", CONFIG_OK },
    { "mode", "replay", "replay", CONFIG_OK },
    { "mode", "on", "on", CONFIG_OK },
    { "mode", "ON", "off", CONFIG_BAD },
    { "mode", "", "off", CONFIG_BAD },
    { "mode", "1", "off", CONFIG_BAD },
    { "store", "sidecar:/a b/ä", "sidecar:/a b/ä", CONFIG_OK },
    { "store", "", "", CONFIG_OK },
    { "store", "sidecar", "sidecar", CONFIG_OK },
    { "store", "sidecar:", "sidecar:", CONFIG_OK },
    { "store", "sidecar:./there", "sidecar:/./there", CONFIG_OK },
    { "store", "carrier-pigeon", "carrier-pigeon", CONFIG_OK },
    { "trace", "there/x", "/there/x", CONFIG_OK },
    { "trace", "", "", CONFIG_OK },
    { "log", "there", "/there", CONFIG_OK },
    { "log", "stderr", "stderr", CONFIG_OK },
    { "base", "there", "there", CONFIG_OK },
    { "window_pages", "0", "0", CONFIG_OK },
    { "window_pages", "1048576", "1048576", CONFIG_OK },
    { "window_pages", "1048577", "1048576", CONFIG_CLAMPED },
    { "window_pages", "007", "7", CONFIG_OK },
    { "window_pages", "1K", "0", CONFIG_BAD },
    { "window_pages", "", "0", CONFIG_BAD },
    { "window_pages", "-1", "0", CONFIG_BAD },
    { "window_pages", "+1", "0", CONFIG_BAD },
    { "window_pages", " 1", "0", CONFIG_BAD },
    { "window_pages", "1 ", "0", CONFIG_BAD },
    { "window_pages", "0x10", "0", CONFIG_BAD },
    { "window_pages", "1.5", "0", CONFIG_BAD },
    { "window_pages", "auto", "0", CONFIG_BAD },
    { "window_pages", "99999999999999999999", "0", CONFIG_BAD },
    { "generation", "18446744073709551614", "18446744073709551614", CONFIG_OK },
    { "generation", "18446744073709551615", "18446744073709551614", CONFIG_CLAMPED },
    { "generation", "18446744073709551616", "0", CONFIG_BAD },
    { "budget", "0", "0", CONFIG_OK },
    { "budget", "4096", "4096", CONFIG_OK },
    { "budget", "4K", "4096", CONFIG_OK },
    { "budget", "4k", "4096", CONFIG_OK },
    { "budget", "3M", "3145728", CONFIG_OK },
    { "budget", "1G", "1073741824", CONFIG_OK },
    { "budget", "2G", "1073741824", CONFIG_CLAMPED },
    { "budget", "auto", "auto", CONFIG_OK },
    { "budget", "AUTO", "0", CONFIG_BAD },
    { "budget", "1T", "0", CONFIG_BAD },
    { "budget", "1KB", "0", CONFIG_BAD },
    { "budget", "K", "0", CONFIG_BAD },
    { "budget", "17179869183G", "1073741824", CONFIG_CLAMPED },
    { "budget", "17179869184G", "0", CONFIG_BAD },
    { "budget", "18446744073709551615", "1073741824", CONFIG_CLAMPED },
    { "save_ms", "10", "10", CONFIG_OK },
    { "save_ms", "9", "10", CONFIG_CLAMPED },
    { "save_ms", "3600001", "3600000", CONFIG_CLAMPED },
    { "save_ms", "1s", "0", CONFIG_BAD },
    { "requests", "0", "1", CONFIG_CLAMPED },
    { "requests", "17", "16", CONFIG_CLAMPED },
    { "workers", "0", "0", CONFIG_OK },
    { "workers", "17", "16", CONFIG_CLAMPED },
    { "history_pages", "0", "1", CONFIG_CLAMPED },
};

/* In a directory whose name is known: a path is made absolute. */
Test(config, a_value_is_taken_cut_or_refused)
{
    cr_assert_eq(chdir("/"), 0);
    for (size_t i = 0; i < COUNT(value_cases); i++) {
        const struct value_case *row = &value_cases[i];
        struct config config = { 0 };
        enum config_result result = preload_config_set(&config, row->name, row->value);

        cr_expect_eq(result, row->result, "row %zu: %s=%s: got %d, want %d", i, row->name,
                     row->value, (int)result, (int)row->result);
        expect_text(i, value_of(&config, row->name), row->want);
        cr_expect_eq(config.set != 0, row->result != CONFIG_BAD, "row %zu: bit", i);
    }
}

Test(config, a_text_value_has_a_longest_length)
{
    struct config config = { 0 };
    char value[CONFIG_TEXT_MAX + 1];

    memset(value, 'x', sizeof value);
    value[CONFIG_TEXT_MAX] = '\0';
    cr_expect_eq(preload_config_set(&config, "store", value), CONFIG_BAD);
    cr_expect_str_eq(config.store, "");
    value[CONFIG_TEXT_MAX - 1] = '\0';
    cr_expect_eq(preload_config_set(&config, "store", value), CONFIG_OK);
    cr_expect_eq(strlen(config.store), CONFIG_TEXT_MAX - 1);
}

Test(config, an_unknown_option_is_named_as_such)
{
    struct config config = { 0 };

    cr_expect_eq(preload_config_set(&config, "modes", "on"), CONFIG_UNKNOWN);
    cr_expect_eq(preload_config_set(&config, "", "on"), CONFIG_UNKNOWN);
    cr_expect_eq(preload_config_host("Mode", "on"), CONFIG_UNKNOWN);
    cr_expect_null(preload_config_find("preload_mode"));
    cr_expect_eq(preload_log_errors(), 0);
}

/* The table itself: every option has help and a default of its own kind within its bounds, and what
 * is printed reads back as the same. */
Test(config, every_option_has_help_and_a_default_that_reads_back)
{
    cr_expect_eq(preload_config_option_count, 24);
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];
        struct config config = { 0 };
        struct config again = { 0 };
        struct text printed;

        cr_expect(strlen(option->help) > 10, "%s", option->name);
        cr_expect(option->least <= option->most, "%s", option->name);
        cr_expect_eq(preload_config_set(&config, option->name, option->def), CONFIG_OK, "%s",
                     option->name);
        printed = value_of(&config, option->name);
        expect_text(i, printed, option->def);
        cr_expect_eq(preload_config_set(&again, option->name, printed.s), CONFIG_OK, "%s",
                     option->name);
        expect_text(i, value_of(&again, option->name), printed.s);
        cr_expect_eq(config.set, UINT32_C(1) << i);
    }
}

Test(config, the_edges_of_every_number_read_back)
{
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];
        const uint64_t edges[] = { option->least, option->most };

        if (option->kind == CONFIG_KIND_MODE || is_text(option)) continue;
        for (size_t j = 0; j < COUNT(edges); j++) {
            struct config config = { 0 };
            char value[32];

            (void)snprintf(value, sizeof value, "%" PRIu64, edges[j]);
            cr_expect_eq(preload_config_set(&config, option->name, value), CONFIG_OK, "%s=%s",
                         option->name, value);
            expect_text(i, value_of(&config, option->name), value);
        }
    }
}

Test(config, a_print_that_does_not_fit_is_cut)
{
    struct config config = { 0 };
    char out[4];

    cr_assert_eq(preload_config_set(&config, "store", "sidecar:/there"), CONFIG_OK);
    preload_config_print(out, sizeof out, &config, preload_config_find("store"));
    cr_expect_str_eq(out, "sid");
}

/* A name as xOpen gets it, with one parameter. */
static const char *uri_of(const char *key, const char *value)
{
    const char *parameters[] = { key, value };

    return sqlite3_create_filename("/nowhere/x.db", "", "", 1, parameters);
}

/* Each row sets some of the three sources and says what then holds. */
static const struct source_case {
    const char *environment, *host, *uri, *want;
} source_cases[] = {
    { NULL, NULL, NULL, "30000" },         { "100", NULL, NULL, "100" },
    { "100", "200", NULL, "200" },         { "100", "200", "300", "300" },
    { "100", NULL, "300", "300" },         { NULL, "200", "300", "300" },
    { "nonsense", NULL, NULL, "30000" },   { "100", NULL, "nonsense", "100" },
    { "100", "200", "nonsense", "200" },   { "1", NULL, NULL, "10" },
    { "100", NULL, "9999999", "3600000" },
};

/* The host's settings stay for the process; a row without one sets that of the rows before aside by
 * standing first. */
static void expect_source(size_t i, const char *variable, const char *name, const char *key,
                          const struct source_case *row)
{
    struct config config;
    const char *uri = row->uri ? uri_of(key, row->uri) : NULL;

    if (row->environment)
        cr_assert_eq(setenv(variable, row->environment, 1), 0);
    else
        cr_assert_eq(unsetenv(variable), 0);
    preload_config_read_environment();
    if (row->host) (void)preload_config_host(name, row->host);
    preload_uri_resolve(&config, uri);
    expect_text(i, value_of(&config, name), row->want);
    sqlite3_free_filename((char *)uri);
}

Test(config, uri_over_host_over_environment_over_default)
{
    for (size_t i = 0; i < COUNT(source_cases); i++)
        if (!source_cases[i].host)
            expect_source(i, "SQLITE_PRELOAD_SAVE_MS", "save_ms", "preload_save_ms",
                          &source_cases[i]);
    for (size_t i = 0; i < COUNT(source_cases); i++)
        if (source_cases[i].host)
            expect_source(i, "SQLITE_PRELOAD_SAVE_MS", "save_ms", "preload_save_ms",
                          &source_cases[i]);
}

static const struct source_case mode_cases[] = {
    { NULL, NULL, NULL, "on" },
    { "off", NULL, NULL, "off" },
    { "off", NULL, "on", "off" },
    { "record", NULL, "replay", "replay" },
    { "record", NULL, "off", "off" },
    { "perhaps", NULL, NULL, "on" },
    { "off", NULL, "perhaps", "off" },
    { "off", "on", NULL, "off" },
    { "off", "on", "on", "off" },
    { "on", "off", NULL, "off" },
    { "on", "off", "on", "off" },
    { NULL, "off", "replay", "off" },
    { "record", "replay", NULL, "replay" },
    { NULL, "record", "on", "on" },
    { "on", "on", "off", "off" },
};

Test(config, off_wins_from_wherever_it_comes)
{
    for (size_t i = 0; i < COUNT(mode_cases); i++)
        expect_source(i, "SQLITE_PRELOAD", "mode", "preload", &mode_cases[i]);
}

Test(config, the_process_knows_an_off_from_the_environment)
{
    struct config config;

    cr_assert_eq(setenv("SQLITE_PRELOAD", "off", 1), 0);
    preload_config_read_environment();
    cr_assert_eq(preload_config_host("mode", "on"), CONFIG_OK);
    preload_config_process(&config);
    expect_text(0, value_of(&config, "mode"), "off");
}

Test(config, the_environment_is_read_when_it_is_asked_for_and_not_again)
{
    struct config config;

    cr_assert_eq(setenv("SQLITE_PRELOAD_SAVE_MS", "100", 1), 0);
    preload_uri_resolve(&config, NULL);
    expect_text(0, value_of(&config, "save_ms"), "30000");
    preload_config_read_environment();
    cr_assert_eq(setenv("SQLITE_PRELOAD_SAVE_MS", "200", 1), 0);
    cr_assert_eq(preload_config_host("lock_ms", "5"), CONFIG_OK);
    preload_uri_resolve(&config, NULL);
    expect_text(1, value_of(&config, "save_ms"), "100");
    expect_text(2, value_of(&config, "lock_ms"), "5");
}

Test(config, every_option_comes_from_each_source)
{
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];
        const char *set = is_text(option)                    ? "/some/where"
                          : option->kind == CONFIG_KIND_MODE ? "replay"
                                                             : "1";
        struct text name = { "SQLITE_PRELOAD" };
        struct config config;

        if (option->kind != CONFIG_KIND_MODE) text_add(&name, "_%s", option->name);
        for (char *c = name.s; *c; c++)
            if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
        cr_assert_eq(setenv(name.s, set, 1), 0);
        preload_config_read_environment();
        preload_config_process(&config);
        cr_expect_str_neq(value_of(&config, option->name).s, "", "%s", option->name);
        if (is_text(option) || option->least <= 1)
            expect_text(i, value_of(&config, option->name), set);
        cr_assert_eq(unsetenv(name.s), 0);
        preload_config_read_environment();
        preload_config_process(&config);
        expect_text(i, value_of(&config, option->name), option->def);
        (void)preload_config_host(option->name, set);
        preload_config_process(&config);
        if (is_text(option) || option->least <= 1)
            expect_text(i, value_of(&config, option->name), set);
    }
}

Test(config, options_of_the_process_are_not_taken_from_a_uri)
{
    static const char *const names[] = { "base", "workers", "log", "uri_paths" };

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct config_option *option = preload_config_find(names[i]);
        struct config config;
        const char *uri;
        char key[32];

        (void)snprintf(key, sizeof key, "preload_%s", names[i]);
        uri = uri_of(key, "7");
        preload_uri_resolve(&config, uri);
        expect_text(i, value_of(&config, names[i]), option->def);
        sqlite3_free_filename((char *)uri);
    }
}

/* Parameters that name a file, or none; `want` where the host allows it, too. */
static const struct path_case {
    const char *name, *value, *want, *allowed;
} path_cases[] = {
    { "trace", "/there", "/here", "/there" },
    { "trace", "", "", "" },
    { "store", "sidecar:/there", "sidecar:/here", "sidecar:/there" },
    { "store", "sidecar", "sidecar", "sidecar" },
    { "store", "pigeon", "pigeon", "pigeon" },
};

Test(config, a_uri_names_a_path_where_the_host_allows_it)
{
    struct config config;
    char key[32];

    cr_assert_eq(preload_config_host("trace", "/here"), CONFIG_OK);
    cr_assert_eq(preload_config_host("store", "sidecar:/here"), CONFIG_OK);
    for (size_t i = 0; i < 2 * COUNT(path_cases); i++) {
        const struct path_case *row = &path_cases[i % COUNT(path_cases)];
        const bool allowed = i >= COUNT(path_cases);
        const char *uri;

        cr_assert_eq(preload_config_host("uri_paths", allowed ? "1" : "0"), CONFIG_OK);
        (void)snprintf(key, sizeof key, "preload_%s", row->name);
        uri = uri_of(key, row->value);
        preload_uri_resolve(&config, uri);
        expect_text(i, value_of(&config, row->name), allowed ? row->allowed : row->want);
        sqlite3_free_filename((char *)uri);
    }
    /* Said once an option. */
    cr_expect_eq(preload_log_errors(), 2);
}

Test(config, a_relative_path_needs_a_place_with_a_name)
{
    char folder[] = "/tmp/preload-config-XXXXXX";
    struct config config = { 0 };

    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(rmdir(folder), 0);
    cr_expect_eq(preload_config_set(&config, "trace", "x"), CONFIG_BAD);
    cr_expect_eq(preload_config_set(&config, "trace", "/x"), CONFIG_OK);
    cr_expect_eq(preload_config_set(&config, "store", "sidecar"), CONFIG_OK);
    cr_assert_eq(chdir("/"), 0);
}

Test(config, sql_sets_what_names_no_file_and_no_vfs)
{
    static const char *const refused[] = { "base", "store", "trace", "log", "uri_paths" };
    size_t count = 0;

    for (size_t i = 0; i < preload_config_option_count; i++)
        count += !preload_config_is_for_sql(&preload_config_options[i]);
    cr_expect_eq(count, COUNT(refused));
    for (size_t i = 0; i < COUNT(refused); i++)
        cr_expect_not(preload_config_is_for_sql(preload_config_find(refused[i])), "%s", refused[i]);
}

Test(config, the_mode_has_no_second_name)
{
    const char *uri = uri_of("preload_mode", "off");
    struct config config;

    cr_assert_eq(setenv("SQLITE_PRELOAD_MODE", "off", 1), 0);
    preload_config_read_environment();
    preload_uri_resolve(&config, uri);
    expect_text(0, value_of(&config, "mode"), "on");
    sqlite3_free_filename((char *)uri);
}

Test(config, bad_and_cut_values_are_logged_with_their_source)
{
    struct config config;
    const char *uri;

    log_listen();
    uri = uri_of("preload_budget", "much");
    cr_assert_eq(setenv("SQLITE_PRELOAD", "maybe", 1), 0);
    preload_config_read_environment();
    cr_expect_eq(preload_config_host("window_pages", "2000000"), CONFIG_CLAMPED);
    cr_expect_eq(preload_config_host("save_ms", "soon"), CONFIG_BAD);
    preload_uri_resolve(&config, uri);
    preload_uri_resolve(&config, uri);
    preload_say();
    cr_expect_eq(log_times("environment: maybe is not a value for mode"), 1, "%s", log_heard());
    cr_expect_eq(log_times("preload_config: window_pages=2000000 lies outside 0..1048576"), 1, "%s",
                 log_heard());
    cr_expect_eq(log_times("preload_config: soon is not a value for save_ms"), 1, "%s",
                 log_heard());
    cr_expect_eq(log_times("URI: much is not a value for budget"), 1, "%s", log_heard());
    /* Counted each time, said once; the environment is read once. */
    cr_expect_eq(preload_log_errors(), 5);
    sqlite3_free_filename((char *)uri);
}
