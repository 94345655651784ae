"""A house of rooms and what each may see: how its table is read, and the questions that tests put to it.

A room is a folder, or a file that is one by itself; `folder/*` stands for each folder in it, and a file belongs to the
room that names it most closely. What a room may see is another, or `folder/`: all that lie there. `room:file,file`
allows it to these files alone. `room?` says that no file need use it: any other is there to be used.
"""
import fnmatch


class Term:
    """One thing that a room may see."""

    def __init__(self, text):
        self.text = text
        self.optional = text.endswith("?")
        self.seen, _, files = text.rstrip("?").partition(":")
        self.files = files.split(",") if files else []

    def covers(self, room):
        return room == self.seen.rstrip("/") or (self.seen.endswith("/") and room.startswith(self.seen))

    def allows(self, path):
        return not self.files or any(fnmatch.fnmatch(path.rsplit("/", 1)[-1], glob) for glob in self.files)


class House:
    def __init__(self, table):
        self.rooms = {room: [Term(text) for text in row.split()] for room, row in table.items()}
        self.folders = sorted({room.split("/")[0] for room in table})

    def room_of(self, path):
        """The room that a file lies in; None: in none."""
        parts = path.split("/")
        for end in range(len(parts), 0, -1):
            room = "/".join(parts[:end])
            if room in self.rooms or (1 < end < len(parts) and "/".join(parts[:end - 1] + ["*"]) in self.rooms):
                return room
        return None

    def terms_of(self, room):
        if room is None:
            return []
        return self.rooms[room] if room in self.rooms else self.rooms[room.rsplit("/", 1)[0] + "/*"]

    def may_see(self, path, seen):
        """Whether a file may see another, or something that is no file of the house."""
        room, other = self.room_of(path), self.room_of(seen) or seen
        return room == other or any(term.covers(other) and term.allows(path) for term in self.terms_of(room))
