"""The form of an answer, as its request wants it."""

from translators.values import immutable


@immutable
class Form:
    """The form of an answer. `usage`: a stream ends with its usage. `echo`: the prompts, where the answer begins
    with them; each has `n` choices in a row."""

    usage: bool = False
    echo: tuple[str, ...] = ()
    n: int = 1

    def echoed(self, choice: int) -> str:
        """Return the text that `choice` begins with."""
        prompt = choice // self.n
        return self.echo[prompt] if prompt < len(self.echo) else ""
