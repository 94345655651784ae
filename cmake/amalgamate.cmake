# Target `amalgamation`: the library as preload.c and preload.h in build/<preset>/amalgamation, for hosts that want to
# compile it with one line of their own. Wants nothing but awk.
set(amalgamation ${CMAKE_BINARY_DIR}/amalgamation)
set(amalgamate ${CMAKE_CURRENT_LIST_DIR}/amalgamate.awk)

set(amalgamated "")
foreach(target hints proto preload_static)
    get_target_property(target_sources ${target} SOURCES)
    get_target_property(target_folder ${target} SOURCE_DIR)
    list(FILTER target_sources INCLUDE REGEX "\\.c$")
    foreach(source IN LISTS target_sources)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${target_folder})
        list(APPEND amalgamated ${source})
    endforeach()
endforeach()
# The loadable's own; they are empty where SQLite is linked.
list(APPEND amalgamated ${CMAKE_SOURCE_DIR}/vfs/entry/idle.c ${CMAKE_SOURCE_DIR}/vfs/entry/idle_vfs.c
    ${CMAKE_SOURCE_DIR}/vfs/entry/served.c)
file(GLOB_RECURSE amalgamated_headers CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/hints/*.h ${CMAKE_SOURCE_DIR}/proto/*.h ${CMAKE_SOURCE_DIR}/vfs/*.h)

file(MAKE_DIRECTORY ${amalgamation})
add_custom_command(OUTPUT ${amalgamation}/preload.c ${amalgamation}/preload.h
    COMMAND awk -f ${amalgamate} -v "doors=${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/proto/gen"
        ${amalgamated} > ${amalgamation}/preload.c.new
    COMMAND ${CMAKE_COMMAND} -E rename ${amalgamation}/preload.c.new ${amalgamation}/preload.c
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/vfs/preload.h ${amalgamation}/preload.h
    DEPENDS ${amalgamate} ${amalgamated} ${amalgamated_headers} proto
    COMMENT "amalgamation: preload.c" VERBATIM)
add_custom_target(amalgamation ALL DEPENDS ${amalgamation}/preload.c)
