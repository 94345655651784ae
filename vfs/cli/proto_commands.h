/* The subcommands that look at envoy-protocol messages:
 *
 *     decode    --version N --type TYPE [HEX|-]         canonical JSON
 *     roundtrip --version N --type TYPE [HEX|-]         the bytes again, in hex
 *     convert   --from N --to M --type ROOT [HEX|-]     ok HEX | dropped HEX |
 *                                                       incompatible FEATURE:DIRECTION:NEEDS:TARGET
 *
 * `-`, or no operand, reads one hex message a line and answers one line each, in order. A malformed
 * message gives `malformed OFFSET PATH REASON`. */
#ifndef VFS_CLI_PROTO_COMMANDS_H
#define VFS_CLI_PROTO_COMMANDS_H

/* Each takes what stands behind its name and gives the exit status: 0, 1 when a message was
 * malformed, 2 on wrong use or when memory or a file failed (said on stderr). */
int command_decode(int argc, char **argv);
int command_roundtrip(int argc, char **argv);
int command_convert(int argc, char **argv);

#endif
