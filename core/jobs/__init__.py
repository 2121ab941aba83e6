"""Background jobs: a child process for each, its status and events on disk, and its place in the host's queue."""
