#!/bin/bash
# Plants the bugs of mutants.txt one at a time and shows that the suites of hints/ find each of them.
#
# usage: tests/mutants/run.sh [WORD]      only mutants whose file or lines contain WORD
#
# Works on a copy, so the tree stays as it is. Prints a line for each mutant and "N passed, M failed"; exits with 1 when a
# mutant survives, no longer applies or no longer compiles. A suite that runs for ever has found its mutant.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
word=${1:-}
. "$root/tests/mutants/plant.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc=(gcc -std=c11 -O1 -fPIE "-I$work")
read -ra criterion <<<"$(pkg-config --cflags --libs criterion)"
wrap=-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
suites=()

mkdir "$work/tests" "$work/o"
cp -r "$root/hints" "$work/hints"
cp -r "$root/tests/hints" "$root/tests/support" "$work/tests/"
cd "$work" || exit 1

# The name of a file's object: format_header for format/header.c.
noun_of() { # FILE.c
    local noun=${1%.c}
    echo "${noun//\//_}"
}

compile() { # FILE.c OBJECT
    "${cc[@]}" -c "$1" -o "$2" 2>"$work/errors"
}

# Links a suite and runs it; succeeds when it passes.
suite_passes() { # SUITE, format_header for tests/hints/format/test_header.c
    gcc -no-pie $wrap -o "test_$1" "o/test_$1.o" o/hints_*.o o/support_*.o "${criterion[@]}" || exit 1
    timeout -k 2 10 "./test_$1" --fail-fast >/dev/null 2>&1
}

# The suites of the mutant's own noun first: they find most of them.
suites_pass() { # NOUN
    local suite
    for suite in "${suites[@]}"; do
        case $suite in "$1" | "$1"_*) suite_passes "$suite" || return 1 ;; esac
    done
    for suite in "${suites[@]}"; do
        case $suite in "$1" | "$1"_*) ;; *) suite_passes "$suite" || return 1 ;; esac
    done
}

try() { # FILE OLD NEW AFTER; prints what became of it
    local noun
    noun=$(noun_of "$1")
    if ! mutate "hints/$1" "$2" "$3" "$4" >"mutant_$noun.c"; then
        echo "NO LONGER APPLIES"
    elif ! compile "mutant_$noun.c" "o/hints_$noun.o"; then
        echo "DOES NOT COMPILE"
    elif suites_pass "$noun"; then
        echo "SURVIVED"
    else
        echo "killed"
    fi
    cp "o/sound_$noun.o" "o/hints_$noun.o"
}

for file in hints/*.c hints/*/*.c; do
    noun=$(noun_of "${file#hints/}")
    compile "$file" "o/hints_$noun.o" || { cat errors; exit 1; }
    cp "o/hints_$noun.o" "o/sound_$noun.o"
done
for file in tests/support/*.c; do
    compile "$file" "o/support_$(basename "$file" .c).o" || { cat errors; exit 1; }
done
for file in tests/hints/test_*.c tests/hints/*/test_*.c; do
    noun=$(noun_of "${file#tests/hints/}")
    noun=${noun/test_/}
    suites+=("$noun")
    compile "$file" "o/test_$noun.o" || { cat errors; exit 1; }
done
suites_pass run || { echo "the suites fail without a mutant"; exit 1; }

plant_all "$root/tests/mutants/mutants.txt" "$word"
