# What every target of the house shares: the language, the warnings, the sanitizers and the arrows.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# What is not marked for export stays inside, also when an archive is linked into a loadable.
set(CMAKE_C_VISIBILITY_PRESET hidden)

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)

add_library(house INTERFACE)
target_compile_options(house INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wvla
    -Wstrict-prototypes -Wmissing-prototypes -Wcast-align -Wwrite-strings -Wformat=2
    -Wswitch-enum -Wnull-dereference
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond -Wduplicated-branches -Wlogical-op>
    $<$<BOOL:${PRELOAD_WERROR}>:-Werror>
    $<$<BOOL:${PRELOAD_COVERAGE}>:--coverage>
    -fno-omit-frame-pointer)
target_link_options(house INTERFACE $<$<BOOL:${PRELOAD_COVERAGE}>:--coverage>)
if(PRELOAD_SANITIZE)
    target_compile_options(house INTERFACE -fsanitize=${PRELOAD_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(house INTERFACE -fsanitize=${PRELOAD_SANITIZE})
endif()

# The analyzer comes through a launcher, which clang-tidy does not see: clang knows no -fanalyzer.
if(PRELOAD_ANALYZE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CURRENT_LIST_DIR}/analyze)
endif()

# A folder is seen by its name (`#include "hints/run.h"`), and only by the targets that may see it: each
# folder has an include directory of its own that holds one link and nothing else.
function(house_opens_door folder target)
    get_target_property(kind ${target} TYPE)
    set(visibility PUBLIC)
    if(kind STREQUAL "INTERFACE_LIBRARY")
        set(visibility INTERFACE)
    endif()
    set(door ${CMAKE_BINARY_DIR}/doors/${folder})
    file(MAKE_DIRECTORY ${door})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${door}/${folder} SYMBOLIC)
    target_include_directories(${target} ${visibility} $<BUILD_INTERFACE:${door}>)
endfunction()
