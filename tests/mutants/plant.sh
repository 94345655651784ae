# Plants the bugs of a list one at a time. Sourced by the scripts that know how to build and what has to find them.
#
# A list has paragraphs: a line that names a file, a line `- ` with a line as it stands (but for its indentation), a line
# `+ ` with that line as it might have been written by mistake. The line must be in the file exactly once; after a line
# `@ TEXT` it is the first one behind the first line that contains TEXT.

# Prints FILE with the one line that says OLD replaced by NEW; fails when it is not there exactly once.
mutate() { # FILE OLD NEW [AFTER]
    OLD=$2 NEW=$3 AFTER=${4:-} awk '
        BEGIN { once = ENVIRON["AFTER"] != ""; within = !once }
        { line = $0; sub(/^[ \t]+/, "", line) }
        within && line == ENVIRON["OLD"] && !(once && found) { print ENVIRON["NEW"]; found++; next }
        index($0, ENVIRON["AFTER"]) { within = 1 }
        { print }
        END { exit found != 1 }' "$1"
}

# Calls `try FILE OLD NEW AFTER` for each bug whose file or lines contain WORD; it prints what became of the bug. Prints a
# line for each and "N passed, M failed"; fails when the fate of one does not begin with `killed`, or there is none.
plant_all() { # LIST WORD
    local line file='' old='' new after='' fate passed=0 failed=0
    while IFS= read -r line; do
        case $line in
        '' | '#'*) ;;
        '@ '*) after=${line#@ } ;;
        '- '*) old=${line#- } ;;
        '+ '*)
            new=${line#+ }
            [[ "$file $after $old $new" == *"$2"* ]] || continue
            fate=$(try "$file" "$old" "$new" "$after")
            if [[ $fate == killed* ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
            printf '%-22s %-16s %s\n' "$fate" "$file" "$new"
            ;;
        *)
            file=$line
            after=
            ;;
        esac
    done <"$1"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
