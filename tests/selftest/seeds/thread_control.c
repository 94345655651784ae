/* No fault: two threads count under a lock. */
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;

static void *add(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        count++;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

int main(void)
{
    pthread_t threads[2];

    for (size_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, add, NULL) != 0) return 2;
    for (size_t i = 0; i < 2; i++)
        if (pthread_join(threads[i], NULL) != 0) return 2;
    return count == 2000 ? 0 : 1;
}
