/* Pairs to series, series to rows and to a verdict. */
#include "bench/harm/harm_section.h"

#define RESIDENT_PERCENT_MAX 50.0

static const struct {
    const char *text, *unit;
} measures[HARM_MEASURE_COUNT] = {
#define HARM_ROW(name, text, unit) [name] = { text, unit },
    HARM_MEASURES(HARM_ROW)
#undef HARM_ROW
};

static double ratio(uint64_t ours_us, uint64_t none_us)
{
    return (double)(ours_us + 1) / (double)(none_us + 1);
}

static int record_arm(struct harm_section *section, enum harm_arm arm, const struct harm_run *run,
                      const struct harm_found *none)
{
    const struct harm_found *found = &run->found;
    const double values[HARM_MEASURE_COUNT] = {
        [HARM_FIRST_ROW] = (double)found->first_row_us / 1000,
        [HARM_TENTH] = (double)found->tenth_us / 1000,
        [HARM_END] = (double)found->end_us / 1000,
        [HARM_NEEDED] = (double)found->needed_pages,
        [HARM_FETCHED] = (double)found->fetched_bytes / (1 << 20),
        [HARM_USED] = (double)found->used_pages,
        [HARM_RESIDENT] = run->resident_percent,
        [HARM_FIRST_ROW_RATIO] = ratio(found->first_row_us, none->first_row_us),
        [HARM_TENTH_RATIO] = ratio(found->tenth_us, none->tenth_us),
        [HARM_END_RATIO] = ratio(found->end_us, none->end_us),
    };
    int rc = ROW_OK;

    for (int i = 0; i < HARM_MEASURE_COUNT && rc == ROW_OK; i++) {
        if (arm == HARM_NONE && i >= HARM_FIRST_ROW_RATIO) break;
        if (arm != HARM_NONE && i == HARM_NEEDED) continue;
        rc = row_series_add(&section->series[arm][i], values[i]);
    }
    return rc;
}

void harm_section_name(struct harm_section *section, const char *load, const char *history)
{
    snprintf(section->title, sizeof(section->title), "%s, %s", load, history);
    for (int i = 0; i < HARM_MEASURE_COUNT; i++) {
        snprintf(section->names[i], sizeof(section->names[i]), "%s, %s: %s", load, history,
                 measures[i].text);
    }
}

int harm_section_record(struct harm_section *section, const struct harm_run runs[HARM_ARM_COUNT])
{
    const struct harm_run *ours = &runs[HARM_PRELOAD];
    int rc = ROW_OK;

    for (int arm = 0; arm < HARM_ARM_COUNT && rc == ROW_OK; arm++) {
        rc = record_arm(section, (enum harm_arm)arm, &runs[arm], &runs[HARM_NONE].found);
    }
    section->pairs++;
    if (ours->found.fetched_bytes > section->fetched_bytes_most)
        section->fetched_bytes_most = ours->found.fetched_bytes;
    if (ours->resident_percent > section->resident_percent_most)
        section->resident_percent_most = ours->resident_percent;
    return rc;
}

int harm_section_finish(struct harm_section *section)
{
    int rc = ROW_OK;

    for (int i = 0; i < HARM_MEASURE_COUNT; i++) {
        for (int arm = 0; arm < HARM_ARM_COUNT && rc == ROW_OK; arm++) {
            struct row_series *series = &section->series[arm][i];

            if (row_series_median(series) <= 0) continue;
            rc = rows_add(&section->rows, section->names[i], harm_arm_names[arm], measures[i].unit,
                          series);
        }
    }
    rows_compare_to(&section->rows, harm_arm_names[HARM_NONE]);
    return rc;
}

static bool say(FILE *out, const char *title, const char *text, bool ok)
{
    fprintf(out, "%s: %s: %s\n", title, text, ok ? "ok" : "MISSED");
    return ok;
}

static bool judge_ratio(const struct harm_section *section, enum harm_measure measure, FILE *out)
{
    const struct row *row =
        rows_find(&section->rows, section->names[measure], harm_arm_names[HARM_PRELOAD]);
    const bool is_enough = section->pairs >= HARM_PAIRS;
    double least;
    char text[192];

    if (row == NULL) return say(out, section->title, "nothing was measured", false);
    least = is_enough ? row->hi : row->lo;
    snprintf(text, sizeof(text), "%s: %.3f [%.3f, %.3f] over %zu pairs, %s end at most %.2f wanted",
             measures[measure].text, row->median, row->lo, row->hi, section->pairs,
             is_enough ? "upper" : "for so few the lower", HARM_RATIO_MAX);
    return say(out, section->title, text, least <= HARM_RATIO_MAX);
}

bool harm_section_judge(const struct harm_section *section, uint64_t budget_bytes, FILE *out)
{
    char text[128];
    bool ok = judge_ratio(section, HARM_TENTH_RATIO, out);

    ok = judge_ratio(section, HARM_END_RATIO, out) && ok;
    snprintf(text, sizeof(text), "at the most %.1f MiB were fetched, of %.1f allowed",
             (double)section->fetched_bytes_most / (1 << 20), (double)budget_bytes / (1 << 20));
    ok = say(out, section->title, text, section->fetched_bytes_most <= budget_bytes) && ok;
    snprintf(text, sizeof(text), "at the most %.1f %% of the file in memory, half wanted",
             section->resident_percent_most);
    return say(out, section->title, text, section->resident_percent_most < RESIDENT_PERCENT_MAX) &&
           ok;
}

void harm_section_free(struct harm_section *section)
{
    for (int arm = 0; arm < HARM_ARM_COUNT; arm++) {
        for (int i = 0; i < HARM_MEASURE_COUNT; i++) {
            row_series_free(&section->series[arm][i]);
        }
    }
    rows_free(&section->rows);
}
