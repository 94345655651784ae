/* Heap sort: in place, no allocation, no bad case. */
#include "proto/keys.h"

#include <string.h>

static int bytes_order(const uint8_t *base, struct bare_span a, struct bare_span b)
{
    if (a.len != b.len) return a.len < b.len ? -1 : 1;
    return memcmp(base + a.at, base + b.at, a.len);
}

/* Equal keys in the order in which they came. */
static int span_order(const uint8_t *base, struct bare_span a, struct bare_span b)
{
    int order = bytes_order(base, a, b);

    return order ? order : a.at < b.at ? -1 : 1;
}

static void swap(struct bare_span *a, struct bare_span *b)
{
    struct bare_span kept = *a;

    *a = *b;
    *b = kept;
}

static void sink(const uint8_t *base, struct bare_span *spans, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && span_order(base, spans[child], spans[child + 1]) < 0) child++;
        if (span_order(base, spans[root], spans[child]) >= 0) return;
        swap(&spans[root], &spans[child]);
    }
}

static void sort(const uint8_t *base, struct bare_span *spans, size_t count)
{
    for (size_t root = count / 2; root-- > 0;)
        sink(base, spans, root, count);
    for (size_t end = count; end-- > 1;) {
        swap(&spans[0], &spans[end]);
        sink(base, spans, 0, end);
    }
}

size_t bare_keys_repeated(const uint8_t *base, struct bare_span *spans, size_t count)
{
    size_t first = SIZE_MAX;

    sort(base, spans, count);
    for (size_t i = 1; i < count; i++)
        if (bytes_order(base, spans[i - 1], spans[i]) == 0 && spans[i].at < first)
            first = spans[i].at;
    return first;
}
