/* Saves and loads in one call. */
#include "tests/vfs/stored.h"

struct path database, sidecar, tmp;
struct config config;
const struct store_evidence evidence = { .page_size = 4096, .page_count = 50 };
const atomic_bool not_cancelled;

void stored_begin(void)
{
    scratch_begin();
    database = scratch("x.db");
    sidecar = scratch("x.db-preload");
    tmp = scratch("x.db-preload-tmp");
    file_write(database.s, "database", 8);
    preload_config_process(&config);
}

struct store *open_store(void)
{
    struct identity identity;

    cr_assert(preload_identity_of_path(&identity, database.s));
    return preload_sidecar_new(database.s, identity, &config, true);
}

enum store_result save_in(struct store *store, const struct store_evidence *of, char name,
                          const char *touches)
{
    struct hint_session session = session_of(name, touches);
    struct hint_history history = { 0 };
    enum store_result result = store->verbs->save(store, &history, &session, of, &not_cancelled);

    if (result == STORE_OK) cr_expect(hint_history_knows(&history, &session.id));
    hint_history_free(&history);
    hint_session_free(&session);
    return result;
}

enum store_result save_of(const struct store_evidence *of, char name, const char *touches)
{
    struct store *store = open_store();
    enum store_result result;

    cr_assert_not_null(store);
    result = save_in(store, of, name, touches);
    store->verbs->free(store);
    return result;
}

enum store_result save(char name, const char *touches)
{
    return save_of(&evidence, name, touches);
}

struct text stored(void)
{
    struct store *store = open_store();
    struct store_evidence found;
    struct hint_history history = { 0 };
    struct text text = { "none" };

    switch (store->verbs->load(store, &history, &found)) {
    case STORE_OK:
        text = history_text(&history);
        break;
    case STORE_BAD:
        text = (struct text){ "bad" };
        break;
    case STORE_NONE:
    case STORE_FENCED:
    case STORE_GONE:
    case STORE_BUSY:
    case STORE_FAILED:
        break;
    }
    hint_history_free(&history);
    store->verbs->free(store);
    return text;
}
