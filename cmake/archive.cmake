# Target `archive`: build/<preset>/libpreload.a, for hosts that link SQLite themselves. One object, in which the names between
# our files are local: a host may have a bare_encode() of its own. Our own tests and benchmarks see inside, and link preload_static.
separate_arguments(archive_flags NATIVE_COMMAND "${CMAKE_C_FLAGS}")
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/libpreload.a
    COMMAND ${CMAKE_C_COMPILER} ${archive_flags} -nostdlib -r -o preload.o
        -Wl,--whole-archive $<TARGET_FILE:preload_static> -Wl,--no-whole-archive
    COMMAND ${CMAKE_OBJCOPY} --wildcard "--keep-global-symbol=preload_*" "--keep-global-symbol=sqlite3_preload*" preload.o
    COMMAND ${CMAKE_COMMAND} -E rm -f libpreload.a
    COMMAND ${CMAKE_AR} rcs libpreload.a preload.o
    COMMAND ${CMAKE_COMMAND} -E rm -f preload.o
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    DEPENDS preload_static
    COMMENT "archive: libpreload.a" VERBATIM)
add_custom_target(archive ALL DEPENDS ${CMAKE_BINARY_DIR}/libpreload.a)
