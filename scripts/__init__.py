"""What a person runs. The files without a suffix are the commands; `tools` is what the Python ones among them do."""
