#!/bin/bash
# Plants the bugs of planted.txt in vfs/ one at a time and shows that tests/differential finds each of them.
#
# usage: tests/planted/run.sh BUILD_DIR [WORD]      only bugs whose file or lines contain WORD
#
# BUILD_DIR is a built tree (Ninja): its own commands compile the one file and link the two programs anew, elsewhere; the
# sources and the tree stay as they are. Prints a line for each bug and "N passed, M failed"; exits with 1 when a bug
# survives, no longer applies or no longer compiles. A program that runs for ever has found its bug.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
word=${2:-}
. "$root/tests/mutants/plant.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$build" || exit 1
mkdir "$work/scratch"
compile_commands=$(ninja -t commands libpreload.a) || exit 1

# The command that compiles FILE for the archive.
command_of() { # FILE
    grep -F " -c $root/vfs/$1" <<<"$compile_commands"
}

# Compiles the text as FILE of vfs/.
compile() { # FILE TEXT OBJECT
    local command
    command=$(command_of "$1") || return 1
    eval "${command%% -o *} -w -o $3 -c $2" >"$work/errors" 2>&1
}

# Links a program of tests/differential with the object, which the linker prefers to the archive's, and runs it.
passes() { # PROGRAM OBJECT ARGUMENT...
    local program=$1 object=$2 link
    shift 2
    link=$(ninja -t commands "tests/differential/$program" | tail -1)
    eval "${link/ -o tests\/differential\/$program / $object -o $work/$program }" || exit 1
    (cd "$work/scratch" && timeout -k 2 30 "$work/$program" "$@" >/dev/null 2>&1)
}

# The contract first: it is the quicker, and finds most.
try() { # FILE OLD NEW AFTER; prints what became of it
    if ! mutate "$root/vfs/$1" "$2" "$3" "$4" >"$work/planted.c"; then
        echo "NO LONGER APPLIES"
    elif ! compile "$1" "$work/planted.c" "$work/planted.o"; then
        echo "DOES NOT COMPILE"
    elif ! passes contract "$work/planted.o"; then
        echo "killed by contract"
    elif ! passes differential "$work/planted.o" --seeds 60; then
        echo "killed by differential"
    else
        echo "SURVIVED"
    fi
}

# Without a bug, built the same way, both pass.
compile entry/shim_io.c "$root/vfs/entry/shim_io.c" "$work/sound.o" || { cat "$work/errors"; exit 1; }
passes contract "$work/sound.o" || { echo "the contract fails without a planted bug"; exit 1; }
passes differential "$work/sound.o" --seeds 60 || { echo "the differential test fails without a planted bug"; exit 1; }

plant_all "$root/tests/planted/planted.txt" "$word"
