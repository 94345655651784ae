/* A table of settings behind a mutex, and the way to it. */
#include "vfs/process/board.h"

#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 32

/* Registered copies. One more hears of a change when it opens a database. */
#define BELLS_MAX 16

/* A board that is laid out in another way has another version. */
#define NOTE_NAME    "sqlite-preload"
#define NOTE_VERSION 1
#define TEXT_OF(x)   #x
#define TEXT(x)      TEXT_OF(x)

/* Copies by different compilers lay it out alike. */
struct board {
    _Atomic uint64_t counters[BOARD_COUNTERS]; /* first: how they are aligned is the compiler's */
    pthread_mutex_t mutex;
    atomic_uint epoch;
    atomic_uint *bells[BELLS_MAX];
    struct board_setting settings[SETTINGS_MAX];
};

/* A note, as it lies in the file. */
struct note {
    uint32_t name_len, desc_len, version;
    char name[16];
    int32_t to_pointer; /* from this field */
};

/* Where this copy, and any other, finds the board. Named for the note. */
extern struct board *_Atomic preload_board_pointer;
__attribute__((visibility("hidden"), used)) struct board *_Atomic preload_board_pointer;

__asm__(".pushsection .note." NOTE_NAME ",\"a\",%note\n"
        ".balign 4\n"
        ".long 15, 4, " TEXT(NOTE_VERSION) "\n"
                                           ".asciz \"" NOTE_NAME "\"\n"
                                           ".balign 4\n"
                                           ".long preload_board_pointer - .\n"
                                           ".popsection\n");

_Static_assert(sizeof NOTE_NAME == 15 && sizeof(struct note) == 32, "as the note is written");

static struct board *_Atomic ours;

/* Whether that lies in what is mapped of the object's file, with these rights. */
static bool has(const struct dl_phdr_info *object, ElfW(Addr) at, size_t bytes, ElfW(Word) rights)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        const ElfW(Addr) offset = at - object->dlpi_addr - part->p_vaddr;

        if (part->p_type == PT_LOAD && (part->p_flags & rights) == rights &&
            offset < part->p_memsz && bytes <= part->p_memsz - offset)
            return true;
    }
    return false;
}

/* The loader says where things lie by numbers. */
static void *at_address(ElfW(Addr) address)
{
    void *at;

    memcpy(&at, &address, sizeof at);
    return at;
}

/* The pointer of a copy that the object has; NULL: it has none. */
static struct board *_Atomic *pointer_in(const struct dl_phdr_info *object,
                                         const ElfW(Phdr) * notes)
{
    static const struct note wanted = { sizeof NOTE_NAME, 4, NOTE_VERSION, NOTE_NAME, 0 };
    const ElfW(Addr) start = object->dlpi_addr + notes->p_vaddr;
    struct note note;

    if (notes->p_type != PT_NOTE || !has(object, start, notes->p_memsz, PF_R)) return NULL;
    /* Linkers differ in how far notes of other alignments are kept apart, so all places are tried.
     */
    for (size_t at = -start & 3; at + sizeof note <= notes->p_memsz; at += 4) {
        ElfW(Addr) pointer = start + at + offsetof(struct note, to_pointer);

        memcpy(&note, at_address(start + at), sizeof note);
        pointer += (ElfW(Addr))(ElfW(Sxword))note.to_pointer;
        if (memcmp(&note, &wanted, offsetof(struct note, to_pointer)) == 0 &&
            has(object, pointer, sizeof(struct board *), PF_R | PF_W))
            return at_address(pointer);
    }
    return NULL;
}

struct joining {
    struct board *board;
    bool is_given; /* to a copy */
};

/* The system lets no object go meanwhile. Objects come in the order in which they were loaded, and
 * whoever makes a board gives it to all that are there: so the first copy knows it if any does. */
static int join_object(struct dl_phdr_info *object, size_t size, void *data)
{
    struct joining *joining = data;

    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        struct board *_Atomic *pointer = pointer_in(object, &object->dlpi_phdr[i]);
        struct board *there = NULL;

        if (!pointer) continue;
        if (atomic_compare_exchange_strong(pointer, &there, joining->board))
            joining->is_given = true;
        else
            joining->board = there;
    }
    return 0;
}

static struct board *new_board(void)
{
    struct board *board = calloc(1, sizeof *board);

    if (board && pthread_mutex_init(&board->mutex, NULL) != 0) {
        free(board);
        board = NULL;
    }
    return board;
}

/* A copy that finds not even its own note has a board all the same. */
static struct board *join(void)
{
    struct board *made = new_board();
    struct joining joining = { .board = made };
    struct board *there = NULL;

    if (!made) return NULL;
    (void)dl_iterate_phdr(join_object, &joining);
    if (joining.board != made && !joining.is_given) free(made);
    return atomic_compare_exchange_strong(&ours, &there, joining.board) ? joining.board : there;
}

/* NULL: no memory, and no board yet. */
static struct board *the_board(void)
{
    struct board *board = atomic_load_explicit(&ours, memory_order_acquire);

    return board ? board : join();
}

bool preload_board_is_there(void)
{
    return the_board() != NULL;
}

static struct board_setting *place_for(struct board *board, const char *name)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++) {
        struct board_setting *setting = &board->settings[i];

        if (!setting->name[0] || strcmp(setting->name, name) == 0) return setting;
    }
    return NULL;
}

/* In this order: a child may be made in the midst of it, and must see no half of a value. */
static void put(struct board *board, struct board_setting *setting, const char *name,
                const char *value)
{
    const unsigned epoch = atomic_load(&board->epoch) + 1;

    setting->epoch = 0;
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(setting->value, value, strlen(value) + 1);
    memcpy(setting->name, name, strlen(name) + 1);
    atomic_signal_fence(memory_order_seq_cst);
    setting->epoch = epoch;
    atomic_store(&board->epoch, epoch);
    for (size_t i = 0; i < BELLS_MAX; i++)
        if (board->bells[i]) atomic_fetch_add_explicit(board->bells[i], 1, memory_order_release);
}

bool preload_board_set(const char *name, const char *value)
{
    struct board *board = the_board();
    struct board_setting *setting;

    if (!board || strlen(name) >= BOARD_NAME_MAX || strlen(value) >= BOARD_VALUE_MAX) return false;
    pthread_mutex_lock(&board->mutex);
    setting = place_for(board, name);
    if (setting && (setting->epoch == 0 || strcmp(setting->value, value) != 0))
        put(board, setting, name, value);
    pthread_mutex_unlock(&board->mutex);
    return setting != NULL;
}

unsigned preload_board_epoch(void)
{
    struct board *board = the_board();

    return board ? atomic_load(&board->epoch) : 0;
}

bool preload_board_next(struct board_setting *out, size_t *place, unsigned since)
{
    struct board *board = the_board();
    bool found = false;

    if (!board) return false;
    pthread_mutex_lock(&board->mutex);
    while (!found && *place < SETTINGS_MAX) {
        const struct board_setting *setting = &board->settings[(*place)++];

        found = setting->epoch > since;
        if (found) *out = *setting;
    }
    pthread_mutex_unlock(&board->mutex);
    return found;
}

void preload_board_listen(atomic_uint *bell)
{
    struct board *board = the_board();
    size_t place = 0;

    if (!board) return;
    preload_board_leave(bell);
    pthread_mutex_lock(&board->mutex);
    while (place < BELLS_MAX && board->bells[place])
        place++;
    if (place < BELLS_MAX) board->bells[place] = bell;
    pthread_mutex_unlock(&board->mutex);
}

void preload_board_leave(const atomic_uint *bell)
{
    struct board *board = the_board();

    if (!board) return;
    pthread_mutex_lock(&board->mutex);
    for (size_t i = 0; i < BELLS_MAX; i++)
        if (board->bells[i] == bell) board->bells[i] = NULL;
    pthread_mutex_unlock(&board->mutex);
}

void preload_board_count(unsigned counter)
{
    struct board *board = the_board();

    if (board) atomic_fetch_add_explicit(&board->counters[counter], 1, memory_order_relaxed);
}

uint64_t preload_board_counter(unsigned counter)
{
    struct board *board = the_board();

    return board ? atomic_load_explicit(&board->counters[counter], memory_order_relaxed) : 0;
}

/* The handler of each copy that is registered does so; the child has one thread yet. */
void preload_board_after_fork_in_child(void)
{
    struct board *board = atomic_load(&ours);

    if (board) (void)pthread_mutex_init(&board->mutex, NULL);
}
