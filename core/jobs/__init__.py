"""Work that takes longer than a second or two: a child process, its events, its place in the host's queue."""
