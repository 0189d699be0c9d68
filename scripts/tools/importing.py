"""scripts/import: the configuration of another gateway as ours, on standard output."""

import sys
from collections.abc import Sequence

from routing.yaml_source import UnreadableYaml, read
from scripts.tools import files
from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable
from scripts.tools.litellm.document import document

DESCRIPTION = """\
Prints a config.yaml for the gateway that does what FILE (- is standard input), the configuration of LiteLLM's proxy,
does there. What could not be carried stands as a comment at its place. Keys are copied as they are; os.environ/NAME
becomes ${NAME}. Nobody is called."""
EPILOG = (
    "Exit status: 0; 2 the file cannot be used. Files of CLIProxyAPI's are read as they are: docs/from-cliproxyapi.md."
)


def main(arguments: Sequence[str]) -> int:
    parser = command_line("import", DESCRIPTION, EPILOG)
    parser.add_argument("kind", choices=["litellm"], help="whose configuration it is")
    parser.add_argument("file", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        print(_imported(options.file), end="")
    except Unusable as error:
        print(f"scripts/import: {error}", file=sys.stderr)
        return 2
    return 0


def _imported(file: str) -> str:
    data = files.read(file)
    try:
        source = read(data)
    except UnreadableYaml as error:
        raise Unusable("; ".join(problem.as_line(file) for problem in error.problems)) from None
    if source.problems:
        raise Unusable("; ".join(problem.as_line(file) for problem in source.problems))
    if not isinstance(source.value, dict) or not isinstance(source.value.get("model_list", []), list):
        raise Unusable(f"{file} is no configuration of LiteLLM's: it has no model_list.")
    return document(source.value, file)
