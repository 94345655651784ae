/* The options and where their values come from. */
#include "vfs/process/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vfs/process/board.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"

#define OPTION_ROW(name, kind, scope, def, least, most, help)                                      \
    { #name, CONFIG_KIND_##kind,           CONFIG_SCOPE_##scope, def, least, most,                 \
      help,  offsetof(struct config, name) },

const struct config_option preload_config_options[] = { CONFIG_OPTIONS(OPTION_ROW) };
const size_t preload_config_option_count =
    sizeof preload_config_options / sizeof preload_config_options[0];

_Static_assert(sizeof preload_config_options / sizeof preload_config_options[0] <= 32,
               "config.set has a bit an option");

static const char *const mode_names[] = { "off", "record", "replay", "on" };

/* What the environment said when it was read, what the host has set, and what they make of the
 * defaults: for the life of the process. */
struct settings {
    struct config environment;
    struct config host;
    struct config process;
    bool is_made;
    bool is_on; /* neither of them says off */
};

/* Behind the mutex. A change is made in the copy that does not hold, so that a process which is
 * copied by fork() meanwhile has a whole one. */
static pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct settings copies[2];
static atomic_uint holding;  /* which of them */
static unsigned taken_epoch; /* the board's, up to which its settings are in */

_Static_assert(CONFIG_TEXT_MAX <= BOARD_VALUE_MAX, "any value has room on the board");

static uint64_t get_number(const struct config *config, const struct config_option *option)
{
    uint64_t number;

    memcpy(&number, (const char *)config + option->offset, sizeof number);
    return number;
}

static void put_number(struct config *config, const struct config_option *option, uint64_t number)
{
    memcpy((char *)config + option->offset, &number, sizeof number);
}

static enum config_result set_mode(struct config *config, const char *value)
{
    for (int mode = CONFIG_MODE_OFF; mode <= CONFIG_MODE_ON; mode++) {
        if (strcmp(value, mode_names[mode]) == 0) {
            config->mode = mode;
            return CONFIG_OK;
        }
    }
    return CONFIG_BAD;
}

/* Digits, then for bytes an optional K, M or G. False when it is anything else or past 64 bits. */
static bool parse_number(uint64_t *number, const char *value, bool with_unit)
{
    static const char units[] = "KMG";
    const char *unit;
    char *end;

    if (!isdigit((unsigned char)value[0])) return false;
    errno = 0;
    *number = strtoull(value, &end, 10);
    if (errno) return false;
    if (*end == '\0') return true;
    unit = strchr(units, toupper((unsigned char)*end));
    if (!with_unit || !unit || end[1] != '\0') return false;
    for (; unit >= units; unit--) {
        if (*number > UINT64_MAX / 1024) return false;
        *number *= 1024;
    }
    return true;
}

static enum config_result set_number(struct config *config, const struct config_option *option,
                                     const char *value)
{
    uint64_t number;

    if (option->kind == CONFIG_KIND_BYTES && strcmp(value, "auto") == 0) {
        put_number(config, option, CONFIG_AUTO);
        return CONFIG_OK;
    }
    if (!parse_number(&number, value, option->kind == CONFIG_KIND_BYTES)) return CONFIG_BAD;
    if (number < option->least || number > option->most) {
        put_number(config, option, number < option->least ? option->least : option->most);
        return CONFIG_CLAMPED;
    }
    put_number(config, option, number);
    return CONFIG_OK;
}

/* The path that a value ends with; NULL: it names none. */
static const char *path_in(const struct config_option *option, const char *value)
{
    const size_t prefix = strlen(CONFIG_STORE_IN);

    switch (option->kind) {
    case CONFIG_KIND_FILE:
        return value[0] ? value : NULL;
    case CONFIG_KIND_LOG:
        return value[0] && strcmp(value, "stderr") != 0 ? value : NULL;
    case CONFIG_KIND_STORE:
        return strncmp(value, CONFIG_STORE_IN, prefix) == 0 && value[prefix] ? value + prefix
                                                                             : NULL;
    case CONFIG_KIND_MODE:
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_COUNT:
    case CONFIG_KIND_BYTES:
    case CONFIG_KIND_MS:
        break;
    }
    return NULL;
}

/* The value with a path that no chdir() moves; bad where the place that we are in has no name. */
static enum config_result set_text(struct config *config, const struct config_option *option,
                                   const char *value)
{
    const char *path = path_in(option, value);
    const size_t before = path ? (size_t)(path - value) : 0;
    const size_t len = strlen(value);
    char *out = (char *)config + option->offset;
    char here[CONFIG_TEXT_MAX] = "";
    size_t here_len = 0;

    if (path && path[0] != '/') {
        if (!getcwd(here, sizeof here - 1) || here[0] != '/') return CONFIG_BAD;
        here_len = strlen(here);
        if (here[here_len - 1] != '/') here[here_len++] = '/';
    }
    if (len + here_len >= CONFIG_TEXT_MAX) return CONFIG_BAD;
    memcpy(out, value, before);
    memcpy(out + before, here, here_len);
    memcpy(out + before + here_len, value + before, len - before + 1);
    return CONFIG_OK;
}

static enum config_result set_option(struct config *config, const struct config_option *option,
                                     const char *value)
{
    enum config_result result = CONFIG_BAD;

    switch (option->kind) {
    case CONFIG_KIND_MODE:
        result = set_mode(config, value);
        break;
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_FILE:
    case CONFIG_KIND_LOG:
    case CONFIG_KIND_STORE:
        result = set_text(config, option, value);
        break;
    case CONFIG_KIND_COUNT:
    case CONFIG_KIND_BYTES:
    case CONFIG_KIND_MS:
        result = set_number(config, option, value);
        break;
    }
    if (result != CONFIG_BAD) config->set |= UINT32_C(1) << (option - preload_config_options);
    return result;
}

const struct config_option *preload_config_find(const char *name)
{
    for (size_t i = 0; i < preload_config_option_count; i++) {
        if (strcmp(preload_config_options[i].name, name) == 0) return &preload_config_options[i];
    }
    return NULL;
}

bool preload_config_names_path(const struct config_option *option, const char *value)
{
    return path_in(option, value) != NULL;
}

/* Options that may name a file to write to, whatever the value. */
static bool may_name_path(const struct config_option *option)
{
    return option->kind == CONFIG_KIND_FILE || option->kind == CONFIG_KIND_LOG ||
           option->kind == CONFIG_KIND_STORE;
}

bool preload_config_is_for_sql(const struct config_option *option)
{
    return option->scope != CONFIG_SCOPE_HOST && option->scope != CONFIG_SCOPE_REGISTER &&
           !may_name_path(option);
}

enum config_result preload_config_set(struct config *config, const char *name, const char *value)
{
    const struct config_option *option = preload_config_find(name);

    return option ? set_option(config, option, value) : CONFIG_UNKNOWN;
}

void preload_config_print(char *out, size_t len, const struct config *config,
                          const struct config_option *option)
{
    if (option->kind == CONFIG_KIND_MODE) {
        (void)snprintf(out, len, "%s", mode_names[config->mode & CONFIG_MODE_ON]);
    } else if (option->kind == CONFIG_KIND_TEXT || may_name_path(option)) {
        (void)snprintf(out, len, "%s", (const char *)config + option->offset);
    } else if (option->kind == CONFIG_KIND_BYTES && get_number(config, option) == CONFIG_AUTO) {
        (void)snprintf(out, len, "auto");
    } else {
        (void)snprintf(out, len, "%" PRIu64, get_number(config, option));
    }
}

/* Sets a value and logs one that is not as it should be. */
static enum config_result set_logged(struct config *config, const struct config_option *option,
                                     const char *value, const char *source)
{
    enum config_result result = set_option(config, option, value);

    if (result == CONFIG_BAD) {
        preload_log_warn(
            "%s: %s is not a value for %s; the value from elsewhere or the default %s is used",
            source, value, option->name, option->def);
    }
    if (result == CONFIG_CLAMPED) {
        preload_log_warn("%s: %s=%s lies outside %" PRIu64 "..%" PRIu64 " and was cut to it",
                         source, option->name, value, option->least, option->most);
    }
    return result;
}

/* The functions below are under the mutex. */

static size_t value_bytes(const struct config_option *option)
{
    switch (option->kind) {
    case CONFIG_KIND_MODE:
        return sizeof(int);
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_FILE:
    case CONFIG_KIND_LOG:
    case CONFIG_KIND_STORE:
        return CONFIG_TEXT_MAX;
    case CONFIG_KIND_COUNT:
    case CONFIG_KIND_BYTES:
    case CONFIG_KIND_MS:
        break;
    }
    return sizeof(uint64_t);
}

/* Copies what `from` has set. */
static void overlay(struct config *config, const struct config *from)
{
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];

        if (from->set >> i & 1)
            memcpy((char *)config + option->offset, (const char *)from + option->offset,
                   value_bytes(option));
    }
    config->set |= from->set;
}

static bool says_off(const struct config *config)
{
    const struct config_option *mode = preload_config_find("mode");

    return config->set >> (mode - preload_config_options) & 1 && config->mode == CONFIG_MODE_OFF;
}

static struct settings *begin_change(void)
{
    const unsigned now = atomic_load(&holding);

    copies[!now] = copies[now];
    return &copies[!now];
}

static void end_change(struct settings *settings)
{
    struct config *process = &settings->process;

    memset(process, 0, sizeof *process);
    for (size_t i = 0; i < preload_config_option_count; i++)
        (void)set_option(process, &preload_config_options[i], preload_config_options[i].def);
    process->set = 0;
    overlay(process, &settings->environment);
    overlay(process, &settings->host);
    settings->is_on = !says_off(&settings->environment) && !says_off(&settings->host);
    settings->is_made = true;
    atomic_store(&holding, (unsigned)(settings - copies));
}

/* What this copy of the library or another one was told. One may know other options or values than
 * we do. */
static void take_from_board(void)
{
    const unsigned epoch = preload_board_epoch();
    struct board_setting setting;
    struct settings *settings;
    size_t place = 0;

    if (epoch == taken_epoch) return;
    settings = begin_change();
    while (preload_board_next(&setting, &place, taken_epoch))
        (void)preload_config_set(&settings->host, setting.name, setting.value);
    end_change(settings);
    taken_epoch = epoch;
}

/* The base is a VFS of one SQLite, and there may be more. */
static bool put_on_board(const struct config *host, const struct config_option *option)
{
    char value[CONFIG_TEXT_MAX];

    if (option->scope == CONFIG_SCOPE_REGISTER) return true;
    preload_config_print(value, sizeof value, host, option);
    return preload_board_set(option->name, value);
}

static const struct settings *settings_now(void)
{
    take_from_board();
    if (!copies[atomic_load(&holding)].is_made) end_change(begin_change());
    return &copies[atomic_load(&holding)];
}

/* The functions above are under the mutex. */

enum config_result preload_config_host(const char *name, const char *value)
{
    const struct config_option *option = preload_config_find(name);
    struct settings *settings;
    enum config_result result;

    if (!option) return CONFIG_UNKNOWN;
    pthread_mutex_lock(&host_mutex);
    take_from_board();
    settings = begin_change();
    result = set_logged(&settings->host, option, value, "preload_config");
    end_change(settings);
    if (result != CONFIG_BAD && !put_on_board(&settings->host, option)) result = CONFIG_ALONE;
    preload_process_notify();
    pthread_mutex_unlock(&host_mutex);
    return result;
}

bool preload_config_host_value(char *out, size_t len, const struct config_option *option)
{
    const struct config *host;
    bool is_set;

    pthread_mutex_lock(&host_mutex);
    take_from_board();
    host = &copies[atomic_load(&holding)].host;
    is_set = host->set >> (option - preload_config_options) & 1;
    if (is_set) preload_config_print(out, len, host, option);
    pthread_mutex_unlock(&host_mutex);
    return is_set;
}

unsigned preload_config_host_epoch(void)
{
    return preload_board_epoch();
}

/* toupper() goes by the host's locale, which may have another i. */
static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* SQLITE_PRELOAD is the mode, SQLITE_PRELOAD_NAME any option. */
static const char *environment_value(const struct config_option *option)
{
    char name[64] = "SQLITE_PRELOAD";
    size_t len = strlen(name);

    if (option->kind != CONFIG_KIND_MODE) {
        name[len++] = '_';
        for (const char *c = option->name; *c && len < sizeof name - 1; c++)
            name[len++] = upper(*c);
        name[len] = '\0';
    }
    return secure_getenv(name);
}

void preload_config_read_environment(void)
{
    struct settings *settings;

    pthread_mutex_lock(&host_mutex);
    settings = begin_change();
    settings->environment.set = 0;
    for (size_t i = 0; i < preload_config_option_count; i++) {
        const struct config_option *option = &preload_config_options[i];
        const char *value = environment_value(option);

        if (value) (void)set_logged(&settings->environment, option, value, "environment");
    }
    end_change(settings);
    pthread_mutex_unlock(&host_mutex);
}

bool preload_config_begin(struct config *out)
{
    bool on;

    pthread_mutex_lock(&host_mutex);
    *out = settings_now()->process;
    on = settings_now()->is_on;
    pthread_mutex_unlock(&host_mutex);
    return on;
}

void preload_config_override(struct config *config, const struct config_option *option,
                             const char *value, const char *source)
{
    (void)set_logged(config, option, value, source);
    config->set &= ~(UINT32_C(1) << (option - preload_config_options));
}

bool preload_config_names_store(const struct config *config)
{
    const struct config_option *store = preload_config_find("store");

    return config->set >> (store - preload_config_options) & 1 || path_in(store, config->store);
}

void preload_config_process(struct config *out)
{
    if (!preload_config_begin(out)) out->mode = CONFIG_MODE_OFF;
}

unsigned preload_config_workers(void)
{
    uint64_t workers;

    pthread_mutex_lock(&host_mutex);
    workers = settings_now()->process.workers;
    pthread_mutex_unlock(&host_mutex);
    return (unsigned)workers;
}

void preload_config_after_fork_in_child(void)
{
    (void)pthread_mutex_init(&host_mutex, NULL);
}
