/* What every call of hints/ can answer. 0 is success; each function's comment names the others that
 * it gives. */
#ifndef HINTS_STATUS_H
#define HINTS_STATUS_H

enum hint_status {
    HINT_OK = 0,
    HINT_NOMEM = -1,   /* an allocation failed; the caller's object is as it was before the call */
    HINT_INVALID = -2, /* foreign input breaks a rule that the call's comment names */
    HINT_FULL = -3,    /* a stated cap is reached; nothing was taken */
};

#endif
