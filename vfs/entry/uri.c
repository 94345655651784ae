/* `preload` is the mode, `preload_NAME` any other option of a database. */
#include "vfs/entry/uri.h"

#include <string.h>

#include "vfs/process/log.h"
#include "vfs/sqlite.h"

#define URI_NAME(name, kind, scope, def, least, most, help) "preload_" #name,

/* The parameters, but for the mode's. */
static const char *const uri_names[] = { CONFIG_OPTIONS(URI_NAME) };

/* Parameters stand behind the name, each followed by its value; an empty name ends them. */
static bool has_parameters(const char *uri_name)
{
    return uri_name && uri_name[strlen(uri_name) + 1];
}

static const char *value_of(size_t i, const char *uri_name)
{
    const struct config_option *option = &preload_config_options[i];

    if (option->scope != CONFIG_SCOPE_DATABASE) return NULL;
    return sqlite3_uri_parameter(uri_name,
                                 option->kind == CONFIG_KIND_MODE ? "preload" : uri_names[i]);
}

/* A URI may be SQL's (ATTACH), or a stranger's. */
static bool is_allowed(const struct config *config, const struct config_option *option,
                       const char *value)
{
    if (config->uri_paths || !preload_config_names_path(option, value)) return true;
    preload_log_warn("URI: preload_%s is passed over: it names a file to write to, which is the "
                     "host's to allow (uri_paths)",
                     option->name);
    return false;
}

void preload_uri_resolve(struct config *out, const char *uri_name)
{
    bool on = preload_config_begin(out);

    for (size_t i = 0; has_parameters(uri_name) && i < preload_config_option_count; i++) {
        const char *value = value_of(i, uri_name);

        if (value && is_allowed(out, &preload_config_options[i], value))
            preload_config_override(out, &preload_config_options[i], value, "URI");
    }
    if (!on) out->mode = CONFIG_MODE_OFF;
}
