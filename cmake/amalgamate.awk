# Writes all sources as one file, preload.c, on standard output.
#
# usage: awk -f amalgamate.awk -v doors="FOLDER..." FILE.c...
#
# A header in quotes is looked for in each door and beside the file that names it, and comes once, where the first file
# wants it. Headers of the system come once, before all of it: what follows them is hidden, and they must not be. A
# static name that two files use gets its file's name before it, by a macro that lives as long as the file; a function's
# macro leaves a field of that name alone.

function base_of(path) { sub(/.*\//, "", path); return path }
function folder_of(path) { return path ~ /\// ? substr(path, 1, match(path, /[^\/]*$/) - 2) : "." }
function exists(path,   line, found) { found = (getline line < path) >= 0; close(path); return found }
function fail(why) { print "amalgamate: " why > "/dev/stderr"; failed = 1; exit 1 }

# What stands between the signs of an #include.
function operand_of(line) { sub(/^# *include *["<]/, "", line); sub(/[">].*/, "", line); return line }

function find(name, from,   i) {
    for (i = 1; i <= door_count; i++)
        if (exists(door[i] "/" name)) return door[i] "/" name
    if (exists(folder_of(from) "/" name)) return folder_of(from) "/" name
    fail(from ": cannot find " name)
}

# The name that a line declares as static, a function's with "(" behind it, or "".
function static_name(line) {
    if (line !~ /^static / && line !~ /^} [a-z_0-9]+ = /) return ""
    sub(/^} /, "", line)
    sub(/__attribute__\(\(.*\)\)/, "", line)
    if (line ~ /\(\*/ || !match(line, /[a-zA-Z_0-9]+(\[| =|;|\()/)) return ""
    line = substr(line, RSTART, RLENGTH)
    sub(/(\[| =|;)$/, "", line)
    return line
}

# First look: the headers of the system, in order, and whose static names are whose.
function look(path,   line, name) {
    if (path in looked) return
    looked[path] = 1
    while ((getline line < path) > 0) {
        if (line ~ /^# *include *</) {
            name = operand_of(line)
            if (!(name in system_seen)) system_header[++system_count] = name
            system_seen[name] = 1
        } else if (line ~ /^# *include *"/) {
            look(find(operand_of(line), path))
        } else if (path ~ /\.c$/ && (name = static_name(line)) != "" && !((path, name) in owned)) {
            owned[path, name] = 1
            owned_name[path, ++owned_count[path]] = name
            users[name]++
        }
    }
    close(path)
}

function rename(path, stem, how,   i, name, called) {
    for (i = 1; i <= owned_count[path]; i++) {
        name = owned_name[path, i]
        if (users[name] < 2) continue
        called = sub(/\($/, "", name) ? "(...)" : ""
        if (how == "#undef") print "#undef " name
        else print "#define " name called " " stem "__" name (called ? "(__VA_ARGS__)" : "")
    }
}

# Second look: the text. Names are given when the file's own includes have come.
function emit(path,   line, stem, last, number) {
    if (path in emitted) return
    emitted[path] = 1
    stem = base_of(folder_of(path)) "_" base_of(path)
    gsub(/[^a-zA-Z0-9_]/, "_", stem)
    while ((getline line < path) > 0) {
        number++
        if (line ~ /^# *include *["<]/) last = number
        if (line ~ /^# *include *"/) emit(find(operand_of(line), path))
    }
    close(path)
    print "\n/* ==== " base_of(folder_of(path)) "/" base_of(path) " ==== */\n"
    number = 0
    if (!last) rename(path, stem, "#define")
    while ((getline line < path) > 0) {
        number++
        # The entry points alone are for those who load it.
        if (line ~ /^int sqlite3_[a-z0-9_]*\(.*\);$/ && path ~ /\.h$/)
            line = "#pragma GCC visibility push(default)\n" line "\n#pragma GCC visibility pop"
        if (line !~ /^# *include *["<]/) print line
        if (number == last) rename(path, stem, "#define")
    }
    close(path)
    rename(path, stem, "#undef")
}

BEGIN {
    door_count = split(doors, door, " ")
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] ~ /\.c$/) look(ARGV[i])
    print "/* sqlite-preload in one file, made from its sources; preload.h beside it is what hosts include."
    print " *"
    print " *     cc -O2 -c preload.c                      link with -lsqlite3 -lzstd -lpthread"
    print " *     cc -O2 -fPIC -shared -DPRELOAD_LOADABLE preload.c -o preload.so -lzstd -lpthread"
    print " *"
    print " * Assertions are off, as everywhere in somebody else's process: -DPRELOAD_DEBUG has them on."
    print " */"
    print "#ifdef PRELOAD_DEBUG\n#undef NDEBUG\n#elif !defined(NDEBUG)\n#define NDEBUG 1\n#endif"
    print "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif"
    print "/* Of 32 bits, too: files beyond 2 GiB, times beyond 2038. */"
    print "#ifndef _FILE_OFFSET_BITS\n#define _FILE_OFFSET_BITS 64\n#endif"
    print "#ifndef _TIME_BITS\n#define _TIME_BITS 64\n#endif"
    print "#ifndef ZSTD_STATIC_LINKING_ONLY\n#define ZSTD_STATIC_LINKING_ONLY\n#endif"
    print "#if !defined(PRELOAD_LOADABLE) && !defined(SQLITE_CORE)\n#define SQLITE_CORE 1\n#endif\n"
    for (i = 1; i <= system_count; i++)
        print "#include <" system_header[i] ">"
    print "\n#pragma GCC visibility push(hidden)"
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] ~ /\.c$/) emit(ARGV[i])
    print "\n#pragma GCC visibility pop"
    exit failed
}
