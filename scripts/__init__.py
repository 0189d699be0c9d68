"""The commands that a person runs are the files without a suffix; `tools` is what the Python ones among them do."""
