/* Saves and loads in one call. */
#include "tests/vfs/stored.h"

struct path database, sidecar, tmp;
struct config config;
const struct hint_evidence evidence = { .page_size = 4096, .page_count = 50 };
struct store_terms terms;
const atomic_bool not_cancelled;

void stored_begin(void)
{
    scratch_begin();
    database = scratch("x.db");
    sidecar = scratch("x.db-preload");
    tmp = scratch("x.db-preload-tmp");
    file_write(database.s, "database", 8);
    preload_config_process(&config);
    terms = (struct store_terms){ .cap = { 65536, 16 } };
}

struct store *open_store(void)
{
    struct named_file file = { .path = database.s };

    cr_assert(preload_identity_of_path(&file.identity, database.s));
    return preload_store_open(&file, &config, true);
}

struct hint_session session_on(const struct hint_evidence *of, char name, const char *touches)
{
    struct hint_session session = session_of(name, touches);

    session.first = *of;
    session.last = *of;
    return session;
}

enum store_result save_in(struct store *store, const struct hint_evidence *of, char name,
                          const char *touches)
{
    struct hint_session session = session_on(of, name, touches);
    struct hint_book book = { 0 };
    enum store_result result = store->verbs->save(store, &book, &session, terms, &not_cancelled);

    if (result == STORE_OK) cr_expect(hint_history_knows(&book.shared, &session.id));
    hint_book_free(&book);
    hint_session_free(&session);
    return result;
}

enum store_result save_of(const struct hint_evidence *of, char name, const char *touches)
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
    struct hint_book book = { 0 };
    uint64_t generation;
    struct text text = { "none" };

    switch (store->verbs->load(store, &book, &generation)) {
    case STORE_OK:
        text = history_text(&book.shared);
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
    hint_book_free(&book);
    store->verbs->free(store);
    return text;
}
