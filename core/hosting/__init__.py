"""What a host and its visitors can see, take along and end: the contents of workspaces, their deletion, and idle ones."""
