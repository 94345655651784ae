/* Findings to series, series to rows. */
#include "bench/section.h"

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

static int record_arm(struct section *section, enum trial_arm arm, const struct trial_found *found,
                      const struct trial_found *plain)
{
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
    };
    int rc = ROW_OK;

    for (int i = 0; i < SECTION_MEASURE_COUNT && rc == ROW_OK; i++) {
        if (arm == TRIAL_PLAIN && i >= SECTION_FIRST_ROW_FASTER) break;
        if (arm != TRIAL_PLAIN && i == SECTION_NEEDED) continue;
        rc = row_series_add(&section->series[arm][i], values[i]);
    }
    return rc;
}

void section_name(struct section *section, const char *device, const char *keys)
{
    snprintf(section->title, sizeof(section->title), "%s, %s", device, keys);
    for (int i = 0; i < SECTION_MEASURE_COUNT; i++) {
        snprintf(section->names[i], sizeof(section->names[i]), "%s, %s: %s", device, keys,
                 measures[i].text);
    }
}

int section_record(struct section *section, const struct trial_found found[TRIAL_ARM_COUNT])
{
    int rc = ROW_OK;

    for (int arm = 0; arm < TRIAL_ARM_COUNT && rc == ROW_OK; arm++) {
        rc = record_arm(section, (enum trial_arm)arm, &found[arm], &found[TRIAL_PLAIN]);
    }
    return rc;
}

int section_finish(struct section *section)
{
    int rc = ROW_OK;

    for (int i = 0; i < SECTION_MEASURE_COUNT; i++) {
        for (int arm = 0; arm < TRIAL_ARM_COUNT && rc == ROW_OK; arm++) {
            struct row_series *series = &section->series[arm][i];

            if (row_series_median(series) <= 0) continue;
            rc = rows_add(&section->rows, section->names[i], trial_arm_names[arm], measures[i].unit,
                          series);
        }
    }
    rows_compare_to(&section->rows, trial_arm_names[TRIAL_PLAIN]);
    return rc;
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
