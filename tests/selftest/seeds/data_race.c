/* Two threads count without a lock. The exit status is 0: only the report fails the test. */
#include <pthread.h>
#include <stddef.h>

static int count;

static void *add(void *unused)
{
    for (int i = 0; i < 1000; i++)
        count++;
    return unused;
}

int main(void)
{
    pthread_t threads[2];

    for (size_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, add, NULL) != 0) return 2;
    for (size_t i = 0; i < 2; i++)
        if (pthread_join(threads[i], NULL) != 0) return 2;
    return 0;
}
