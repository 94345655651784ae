/* The life of a connection, from its open to its close. */
#include "vfs/database/attach.h"

#include "vfs/process/log.h"

static struct hint_window window_of(const struct config *config)
{
    return (struct hint_window){
        .pages_max = (uint32_t)config->window_pages,
        .us_max = config->window_ms * 1000,
    };
}

void preload_attach(struct attachment *attachment, const struct base *base, sqlite3_file *main,
                    const char *name, const char *uri_name, const struct config *config,
                    bool may_store)
{
    struct named_file file = { .path = name };
    struct database *database;
    bool first;

    preload_connection_init(&attachment->connection);
    if (!preload_identity_of_path(&file.identity, name)) return;
    database = preload_database_acquire(file, base, config, &first);
    if (!database) {
        preload_log_error("not recorded: out of memory: %s", name);
        return;
    }
    if (may_store) preload_keeper_allow_store(&database->keeper);
    attachment->database = database;
    attachment->host_epoch = preload_config_host_epoch();
    preload_connection_join(&attachment->connection, &database->session, config->mode,
                            window_of(config));
    if (first && config->mode & CONFIG_MODE_REPLAY)
        preload_connection_watch(&attachment->connection,
                                 preload_replay_start(&database->replay, main, uri_name));
    if (config->mode & CONFIG_MODE_RECORD) preload_saving_schedule(&database->saving);
}

void preload_attachment_disown(struct attachment *attachment)
{
    attachment->database = NULL;
    preload_connection_disown(&attachment->connection);
}

static bool owns_handles(const struct attachment *attachment)
{
    return attachment->connection.duties.watched;
}

void preload_attachment_close_handles(struct attachment *attachment)
{
    if (owns_handles(attachment) && preload_replay_close_handles(&attachment->database->replay))
        preload_connection_watch(&attachment->connection, false);
}

void preload_attachment_start_over(struct attachment *attachment, sqlite3_file *main,
                                   const char *uri_name)
{
    struct database *database = attachment->database;

    if (database && !owns_handles(attachment) &&
        preload_replay_start_over(&database->replay, main, uri_name))
        preload_connection_watch(&attachment->connection, true);
}

/* The connection's touches become the session's. Without memory for them they are lost. */
static void leave(struct attachment *attachment)
{
    struct database *database = attachment->database;

    preload_replay_catch_up(&database->replay);
    if (preload_connection_leave(&attachment->connection) != HINT_OK)
        preload_log_error("a connection's pages were not learnt: out of memory: %s",
                          database->file.path);
}

static void cancel_work(struct database *database)
{
    preload_replay_cancel(&database->replay, PRELOAD_REASON_CLOSED);
    preload_saving_cancel(&database->saving);
    preload_replay_stop(&database->replay);
}

void preload_detach(struct attachment *attachment)
{
    struct database *database = attachment->database;

    if (!database) return;
    if (owns_handles(attachment)) {
        preload_replay_stop_reading(&database->replay);
        preload_connection_watch(&attachment->connection, false);
    }
    leave(attachment);
    attachment->is_last = preload_database_drop(database);
    if (attachment->is_last) cancel_work(database);
}

void preload_release(struct attachment *attachment)
{
    struct database *database = attachment->database;

    if (database && attachment->is_last) {
        (void)preload_saving_save(&database->saving, false);
        preload_saving_trace(&database->saving);
        preload_database_retire(database);
    }
    attachment->database = NULL;
    preload_connection_free(&attachment->connection);
}

bool preload_attachment_is_outdated(struct attachment *attachment)
{
    unsigned epoch = preload_config_host_epoch();

    if (!attachment->database || epoch == attachment->host_epoch) return false;
    attachment->host_epoch = epoch;
    return true;
}

void preload_attachment_follow(struct attachment *attachment, const struct config *config)
{
    struct database *database = attachment->database;

    if (config->mode == attachment->connection.recording.mode) return;
    if (!(config->mode & CONFIG_MODE_REPLAY))
        preload_replay_cancel(&database->replay, PRELOAD_REASON_HOST);
    preload_connection_restart(&attachment->connection, config->mode, window_of(config));
    if (config->mode & CONFIG_MODE_RECORD) preload_saving_schedule(&database->saving);
}
