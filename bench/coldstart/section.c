/* Findings to series, series to rows. */
#include "bench/coldstart/section.h"

#include <stdio.h>

static const struct {
    const char *text, *unit;
} measures[SECTION_MEASURE_COUNT] = {
#define SECTION_ROW(name, text, unit) [name] = { text, unit },
    SECTION_MEASURES(SECTION_ROW)
#undef SECTION_ROW
};

static double times(uint64_t plain_us, uint64_t arm_us)
{
    return (double)(plain_us + 1) / (double)(arm_us + 1);
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

/* Whether there is anything to say: what a session needs is the same in all arms, a share of
 * nothing is none, and plain is not compared with itself. */
static bool has_measure(const struct section *section, enum trial_arm arm, int measure,
                        const struct trial_found *found)
{
    if (measure >= SECTION_RECALL && section->arm_count < (int)TRIAL_ARM_COUNT) return false;
    if (measure == SECTION_NEEDED) return arm == TRIAL_PLAIN;
    if (measure == SECTION_PRECISION) return found->prefetched_pages > 0;
    if (measure == SECTION_FIRST_ROW_FASTER || measure == SECTION_END_FASTER) {
        return arm != TRIAL_PLAIN;
    }
    return measure != SECTION_SHARE;
}

static int record_arm(struct section *section, enum trial_arm arm,
                      const struct trial_found all[TRIAL_ARM_COUNT])
{
    const struct trial_found *found = &all[arm];
    const struct trial_found *plain = &all[TRIAL_PLAIN];
    const uint64_t wasted = found->prefetched_pages > found->used_pages
                                ? found->prefetched_pages - found->used_pages
                                : 0;
    const double values[SECTION_MEASURE_COUNT] = {
        [SECTION_FIRST_ROW] = (double)found->first_row_us / 1000,
        [SECTION_END] = (double)found->end_us / 1000,
        [SECTION_NEEDED] = (double)found->needed_pages,
        [SECTION_DEMAND] = (double)found->demand_pages,
        [SECTION_PREFETCHED] = (double)found->prefetched_pages,
        [SECTION_USED] = (double)found->used_pages,
        [SECTION_REQUESTS] = (double)found->requests,
        [SECTION_FIRST_ROW_FASTER] = times(plain->first_row_us, found->first_row_us),
        [SECTION_END_FASTER] = times(plain->end_us, found->end_us),
        [SECTION_RECALL] = share(found->used_pages, found->needed_pages),
        [SECTION_PRECISION] = share(found->used_pages, found->prefetched_pages),
        [SECTION_WASTED] = (double)(wasted * found->page_bytes),
        [SECTION_FETCH_REQUESTS] = (double)found->fetch_requests,
        [SECTION_READ_P50] = (double)found->read_p50_ns / 1000,
        [SECTION_READ_P99] = (double)found->read_p99_ns / 1000,
        [SECTION_OF_ORACLE] = times(found->end_us, all[TRIAL_ORACLE].end_us),
    };
    int rc = ROW_OK;

    for (int i = 0; i < SECTION_MEASURE_COUNT && rc == ROW_OK; i++) {
        if (has_measure(section, arm, i, found)) {
            rc = row_series_add(&section->series[arm][i], values[i]);
        }
    }
    return rc;
}

/* Once all rounds are in; there is none of an oracle that gains nothing. */
static int add_share(struct section *section, enum trial_arm arm)
{
    struct row_series *series = &section->series[arm][SECTION_SHARE];
    const double plain = section_median(section, TRIAL_PLAIN, SECTION_END);
    const double gain = plain - section_median(section, TRIAL_ORACLE, SECTION_END);

    if (section->arm_count < (int)TRIAL_ARM_COUNT || gain <= 0) return ROW_OK;
    return row_series_add(series, (plain - section_median(section, arm, SECTION_END)) / gain);
}

void section_name(struct section *section, const char *device, const char *keys, int arm_count)
{
    section->arm_count = arm_count;
    snprintf(section->title, sizeof(section->title), "%s, %s", device, keys);
    for (int i = 0; i < SECTION_MEASURE_COUNT; i++) {
        snprintf(section->names[i], sizeof(section->names[i]), "%s, %s: %s", device, keys,
                 measures[i].text);
    }
}

int section_record(struct section *section, const struct trial_found found[TRIAL_ARM_COUNT])
{
    int rc = ROW_OK;

    for (int arm = 0; arm < section->arm_count && rc == ROW_OK; arm++) {
        rc = record_arm(section, (enum trial_arm)arm, found);
    }
    return rc;
}

int section_finish(struct section *section)
{
    int rc = ROW_OK;

    for (int arm = 0; arm < section->arm_count && rc == ROW_OK; arm++) {
        rc = add_share(section, (enum trial_arm)arm);
    }
    for (int i = 0; i < SECTION_MEASURE_COUNT; i++) {
        for (int arm = 0; arm < section->arm_count && rc == ROW_OK; arm++) {
            struct row_series *series = &section->series[arm][i];
            const double median = row_series_median(series);

            /* An arm that is slower than plain has a share below zero. */
            if (series->len == 0 || (median <= 0 && i != SECTION_SHARE)) continue;
            rc = rows_add(&section->rows, section->names[i], trial_arm_names[arm], measures[i].unit,
                          series);
        }
    }
    rows_compare_to(&section->rows, trial_arm_names[TRIAL_PLAIN]);
    return rc;
}

const struct row *section_row(const struct section *section, enum trial_arm arm,
                              enum section_measure measure)
{
    return rows_find(&section->rows, section->names[measure], trial_arm_names[arm]);
}

double section_median(struct section *section, enum trial_arm arm, enum section_measure measure)
{
    return row_series_median(&section->series[arm][measure]);
}

void section_free(struct section *section)
{
    for (int arm = 0; arm < TRIAL_ARM_COUNT; arm++) {
        for (int i = 0; i < SECTION_MEASURE_COUNT; i++) {
            row_series_free(&section->series[arm][i]);
        }
    }
    rows_free(&section->rows);
}
