/* Compiled by a test, with a handler left out and, to show that nothing else is wrong, with all. */
#include "tests/proto/dispatch_all.h"

int main(void)
{
    return engine.to_rivet_pong && host.to_envoy_init ? 0 : 1;
}
