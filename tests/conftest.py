"""Examples are programs: they run in their own way, not on collection."""

collect_ignore_glob = ["gallery/ex*.py"]
