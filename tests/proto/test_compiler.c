/* barec's refusals: each says the file, the line and the reason. */
#include "tests/proto/common.h"

#include "front.h"

static const struct schema_case {
    const char *text, *complaint; /* NULL: it is fine */
} schema_cases[] = {
    { "", NULL },
    { "type A str # a comment\n\ntype B struct { a: A, b: optional<list<u8>> c: map<str><A> }",
      NULL },
    { "type A enum { X = 0, Y = 1 }\ntype B void\ntype C union { A | B }", NULL },

    { "type A str\ntype B u8\ntype A u8", "s:3: duplicate name 'A', first on line 1" },
    { "type A struct {\n a: u8\n b: u8\n a: u8\n}", "s:4: duplicate name 'a', first on line 2" },
    { "type A u8\ntype B union {\n A\n | A\n}", "s:4: duplicate name 'A', first on line 3" },
    { "type A enum {\n X\n X\n}", "s:3: duplicate name 'X', first on line 2" },
    { "type A struct { aB: u8\n a_b: u8 }", "s:2: 'aB' and 'a_b' have the same name in C" },
    { "type AbC struct { a: u8 }\ntype Ab_c struct { a: u8 }",
      "s:2: 'AbC' and 'Ab_c' have the same name in C" },

    { "type A struct { a: A }", "s:1: recursion: 'A' contains itself" },
    { "type A struct { b: B }\ntype B union { C }\ntype C list<optional<A>>",
      "s:3: recursion: 'A' contains itself" },
    { "type A A", "s:1: recursion: 'A' contains itself" },

    { "type A list<void>", "s:1: list<void> has items without bytes" },
    { "type V void\ntype A struct {\n a: list<V>\n}", "s:3: list<void> has items without bytes" },
    { "type V void\ntype A optional<V>", "s:2: optional<void> has items without bytes" },
    { "type V void\ntype A map<str><V>", "s:2: map<void> has items without bytes" },
    { "type A struct {\n a: void\n}", "s:2: void is for members of unions, not for the field 'a'" },
    { "type A data[0]", "s:1: data[0] has no bytes" },
    { "type A data[70000]", "s:1: expected a number up to 65535 before '70000'" },
    { "type A data[x]", "s:1: expected a number up to 65535 before 'x'" },

    { "type A struct { b: Nope }", "s:1: unknown type 'Nope'" },
    { "type A f64", "s:1: 'f64' is no type that we speak" },
    { "type A uint", "s:1: 'uint' is no type that we speak" },
    { "type A struct {}", "s:1: nothing between the braces" },
    { "type A struct { b: struct { c: u8 } }", "s:1: a type with braces needs a name of its own" },
    { "type A list<enum { X }>", "s:1: a type with braces needs a name of its own" },
    { "type A enum { X = 1 }", "s:1: the number has to be its place, 0" },
    { "type a str", "s:1: the name of a type starts with a capital: 'a'" },
    { "type A\n", "s:2: expected a type before 'end of file'" },
    { "type", "s:1: expected a name before 'end of file'" },
    { "typ A str", "s:1: expected 'type' before 'typ'" },
    { "type A struct {\n a u8\n}", "s:2: expected ':' before 'u8'" },
    { "type A struct {\n a: u8\n", "s:3: expected '}' before 'end of file'" },
    { "type A list u8", "s:1: expected '<' before 'u8'" },
    { "type A map<str>", "s:1: expected '<' before 'end of file'" },
    { "type A list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<"
      "list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<u8>",
      "s:1: types nested too deep" },
};

Test(compiler, a_schema_that_makes_no_sense_is_refused_with_file_line_and_reason)
{
    for (size_t i = 0; i < COUNT(schema_cases); i++) {
        const struct schema_case *c = &schema_cases[i];
        const struct source source = { "s", bare_slice_of(c->text) };
        struct bare_arena arena = { 0 };
        struct complaint complaint = { 0 };
        struct schema schema;

        front_record(&schema, &source, "x_", &arena, &complaint);
        cr_expect_str_eq(complaint.text, c->complaint ? c->complaint : "", "row %zu: got \"%s\"", i,
                         complaint.text);
        bare_arena_free(&arena);
    }
}

#define ROOT    "root R direction ToRivet\n"
#define FEATURE "feature F needs 2 \"f requires\" \"f requires\"\n"

static const struct rules_case {
    const char *v1, *v2, *rules, *complaint;
} rules_cases[] = {
    /* fields */
    { "type S struct { a: u8 }\ntype R union { S }",
      "type S struct { a: u8\n b: optional<u8> }\ntype R union { S }",
      ROOT "step 1 to 2\n S.b none\nstep 2 to 1\n S.b drop", NULL },
    { "type S struct { a: u8 }\ntype R union { S }",
      "type S struct { a: u8\n b: optional<u8> }\ntype R union { S }", ROOT,
      "v2:2: S.b has no source in v1 and no rule in step 1 to 2" },
    { "type S struct { a: u8 }\ntype R union { S }",
      "type S struct { a: u8\n b: optional<u8> }\ntype R union { S }",
      ROOT "step 1 to 2\n S.b none",
      "v2:2: S.b has no counterpart in v1 and no rule in step 2 to 1" },
    { "type S struct { a: u8 }\ntype R union { S }", "type S struct { b: u8 }\ntype R union { S }",
      ROOT "step 1 to 2\n S.b none", "rules:3: S.b is no optional, so it cannot be none" },
    { "type S struct { a: u8 }\ntype R union { S }",
      "type S struct { a: u8 b: optional<u8> }\ntype R union { S }", ROOT "step 1 to 2\n S.b drop",
      "rules:3: S.b is a new field, which can only be none" },
    { "type S struct { a: u8 }\ntype R union { S }",
      "type S struct { a: u8 b: optional<u8> }\ntype R union { S }",
      ROOT "step 1 to 2\n S.b none\nstep 2 to 1\n S.b none",
      "rules:5: S.b is lost: drop it or refuse it" },
    { "type S struct { a: u8 }\ntype R union { S }", "type S struct { a: u16 }\ntype R union { S }",
      ROOT, "v2:1: step 1 to 2: no rule turns the type u8 of v1 into u16" },
    { "type S struct { a: data[4] }\ntype R union { S }",
      "type S struct { a: data[5] }\ntype R union { S }", ROOT,
      "v2:1: step 1 to 2: no rule turns the type data[4] of v1 into data[5]" },
    { "type S struct { a: list<u8> }\ntype R union { S }",
      "type S struct {\n\n a: list<u16> }\ntype R union { S }", ROOT,
      "v2:3: step 1 to 2: no rule turns the type u8 of v1 into u16" },

    /* members of unions and names of enums */
    { "type A u8\ntype R union { A }", "type A u8\ntype B u8\ntype R union { B\n | A }",
      ROOT FEATURE "step 2 to 1\n R.B refuse F", NULL },
    { "type A u8\ntype R union { A }", "type A u8\ntype B u8\ntype R union { B\n | A }", ROOT,
      "v2:3: R.B has no counterpart in v1 and no rule in step 2 to 1" },
    { "type A u8\ntype B u8\ntype R union {\n A\n | B }", "type A u8\ntype R union { A }", ROOT,
      "v1:5: R.B has no counterpart in v2 and no rule in step 1 to 2" },
    { "type E enum { X }\ntype R union { E }", "type E enum { X\n Y }\ntype R union { E }", ROOT,
      "v2:2: E.Y has no counterpart in v1 and no rule in step 2 to 1" },
    { "type E enum { X }\ntype R union { E }", "type E enum { X Y }\ntype R union { E }",
      ROOT FEATURE "step 2 to 1\n E.Y refuse F", NULL },
    { "type A u8\ntype R union { A }", "type A u8\ntype B u8\ntype R union { B | A }",
      ROOT "step 2 to 1\n R.B drop", "rules:3: R.B is a member: it can be refused" },

    /* stale */
    { "type A u8\ntype R union { A }", "type A u8\ntype R union { A }",
      ROOT "step 1 to 2\n R.B none", "rules:3: stale rule: step 1 to 2 has no use for R.B" },
    { "type S struct { a: u8 }\ntype R union { S }", "type S struct { a: u8 }\ntype R union { S }",
      ROOT "\nstep 2 to 1\n S.a drop", "rules:4: stale rule: step 2 to 1 has no use for S.a" },
    { "type A u8\ntype S struct { a: optional<u8> }\ntype R union { A }",
      "type A u8\ntype S struct { b: u8 }\ntype R union { A }", ROOT "step 1 to 2\n S.a drop",
      "rules:3: stale rule: step 1 to 2 has no use for S.a" },
    { "type A u8\ntype R union { A }", "type A u8\ntype R union { A }",
      ROOT "step 2 to 3\n R.A none", "rules:3: stale rule: step 2 to 3 has no use for R.A" },
    { "type A u8\ntype R union { A }", "type A u8\ntype R union { A }", ROOT FEATURE,
      "rules:2: stale feature: no rule refuses 'F'" },

    /* the page itself */
    { "type A u8\ntype R union { A }", "type A u8\ntype B u8\ntype R union { B | A }",
      ROOT "step 2 to 1\n R.B refuse G", "rules:3: unknown feature 'G'" },
    { "type A u8\ntype R union { A }", "type A u8\ntype B u8\ntype R union { B | A }",
      ROOT FEATURE "step 2 to 1\n R.B refuse F\n R.B refuse F",
      "rules:5: R.B has a rule on line 4 already" },
    { "", "", ROOT, "rules:1: v1 has no union R" },
    { "type R union { A }\ntype A u8", "type R u8", ROOT, "rules:1: v2 has no union R" },
    { "", "", "\nroot R\n", "rules:2: expected: root NAME direction ToRivet|ToEnvoy" },
    { "", "", ROOT ROOT, "rules:2: duplicate root 'R'" },
    { "", "", FEATURE FEATURE, "rules:2: duplicate feature 'F'" },
    { "", "", "feature F needs two \"a\" \"b\"", "rules:1: expected a version" },
    { "", "", "feature F needs 2 \"a\"",
      "rules:1: expected: feature NAME needs VERSION \"SUBJECT\" \"SUBJECT\"" },
    { "", "", "feature F needs 2 \"a\" \"b", "rules:1: a quotation that does not end" },
    { "", "", "step 1 to 3", "rules:1: expected: step N to M, two neighbours" },
    { "", "", "R.A none", "rules:1: expected, in a step: TYPE.MEMBER none|drop|refuse FEATURE" },
    { "", "", "step 1 to 2\n R.A forget",
      "rules:2: expected, in a step: TYPE.MEMBER none|drop|refuse FEATURE" },
    { "", "", "a b c d e f g h i", "rules:1: too many words" },
};

Test(compiler, what_no_rule_accounts_for_and_what_no_plan_needs_is_refused)
{
    for (size_t i = 0; i < COUNT(rules_cases); i++) {
        const struct rules_case *c = &rules_cases[i];
        const struct source schemas[2] = { { "v1", bare_slice_of(c->v1) },
                                           { "v2", bare_slice_of(c->v2) } };
        const struct source rules = { "rules", bare_slice_of(c->rules) };
        struct bare_arena arena = { 0 };
        struct complaint complaint = { 0 };
        struct protocol protocol;

        front_protocol(&protocol, schemas, 2, &rules, 1, &arena, &complaint);
        cr_expect_str_eq(complaint.text, c->complaint ? c->complaint : "", "row %zu: got \"%s\"", i,
                         complaint.text);
        bare_arena_free(&arena);
    }
}

Test(compiler, a_root_that_one_version_lacks_is_refused_however_many_there_are)
{
    const struct source schema = { "v1", bare_slice_of("type A u8") };
    const struct source rules = { "rules", bare_slice_of(ROOT) };
    struct bare_arena arena = { 0 };
    struct complaint complaint = { 0 };
    struct protocol protocol;

    front_protocol(&protocol, &schema, 1, &rules, 1, &arena, &complaint);
    cr_expect_str_eq(complaint.text, "rules:1: v1 has no union R");
    bare_arena_free(&arena);
}

Test(compiler, a_nul_byte_does_not_end_a_text)
{
    static const uint8_t nul[] = { '#', '\n', '\0', 't' };
    const struct source schemas[2] = { { "v1", bare_slice_of("type R union { R }") },
                                       { "v1", { nul, sizeof nul } } };
    const struct source rules = { "rules", { nul, sizeof nul } };
    static const char *const want[2] = { "v1:1: recursion: 'R' contains itself",
                                         "v1:2: a NUL byte in a text" };
    const struct source fine = { "v1", bare_slice_of("type A u8") };

    for (size_t i = 0; i < 3; i++) {
        struct bare_arena arena = { 0 };
        struct complaint complaint = { 0 };
        struct protocol protocol;
        front_protocol(&protocol, i < 2 ? &schemas[i] : &fine, 1, &rules, 1, &arena, &complaint);
        cr_expect_str_eq(complaint.text, i < 2 ? want[i] : "rules:2: a NUL byte in a text");
        bare_arena_free(&arena);
    }
}

Test(compiler, names_become_snake_case_and_avoid_the_words_of_c)
{
    static const char *const rows[][2] = {
        { "ToRivetKvRequest", "to_rivet_kv_request" },
        { "actorId", "actor_id" },
        { "READ", "read" },
        { "WRITE_FALLBACK", "write_fallback" },
        { "HTTPHeader", "http_header" },
        { "list<KvKey>", "list_of_kv_key" },
        { "map<str><ActorName>", "map_of_str_of_actor_name" },
        { "data[4]", "data_4" },
        { "default", "default_" },
        { "class", "class_" },
        { "u8", "u8" },
    };
    struct bare_arena arena = { 0 };

    for (size_t i = 0; i < COUNT(rows); i++)
        cr_expect_str_eq(text_snake(&arena, rows[i][0]), rows[i][1], "row %zu: got %s", i,
                         text_snake(&arena, rows[i][0]));
    bare_arena_free(&arena);
}
