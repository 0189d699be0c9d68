"""Cache points (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html): blocks of their own after
what is to be cached, at most four, of 5 minutes or 1 hour, the longer-lived ones first."""

from translators.conversation import Cache, Knobs, PromptCache
from translators.notes import Note
from translators.providers.bedrock.profiles import Profile
from translators.providers.claude.caching import AT_MOST, TTLS
from translators.providers.shared.blocks import Block


class CachePoints:
    """Marks blocks while they are written, and puts the points behind those that stay marked at the end."""

    def __init__(self, profile: Profile, notes: list[Note]) -> None:
        self._profile, self._notes = profile, notes
        self._marked: dict[int, tuple[Block, str, str]] = {}  # the point's ttl (or nothing), and where it was written
        self._default_ttl: str | None = None
        self._automatic: tuple[str | None, str] | None = None

    def take(self, knobs: Knobs) -> None:
        """Take the client's option for the whole prompt."""
        option = knobs.pop("prompt_cache")
        if option is None:
            return
        wanted: PromptCache = option.value
        if not self._profile.cache_ttls:
            self._notes.append(Note(option.at, "dropped", detail="This model has no cache points."))
        elif wanted.mode == "explicit":
            self._default_ttl = wanted.ttl
        else:
            self._automatic = (wanted.ttl, option.at)

    def mark(self, block: Block, cache: Cache | None, at: str, *, tool: bool = False) -> Block:
        """Return `block`, and remember to put `{"cachePoint": {"type": "default", "ttl": ...}}` after it if `cache`
        wants one."""
        if cache is not None:
            if not self._profile.cache_ttls or (tool and not self._profile.cached_tools):
                self._notes.append(Note(at, "dropped", detail="This model has no cache points here."))
            else:
                self._marked[id(block)] = (block, self._ttl(cache.ttl or self._default_ttl, at), at)
        return block

    def settle(self, tools: list[Block], system: list[Block], messages: list[list[Block]]) -> None:
        """Put the points in, the last four in the order of the prompt, none of which outlives an earlier one."""
        if self._automatic is not None and messages:
            ttl, at = self._automatic
            self._marked.setdefault(id(messages[-1][-1]), (messages[-1][-1], self._ttl(ttl, at), at))
        places = [tools, system, *messages]
        marked = [self._marked[id(block)] for place in places for block in place if id(block) in self._marked]
        surplus = max(0, len(marked) - AT_MOST)
        for block, _, at in marked[:surplus]:
            del self._marked[id(block)]
            self._notes.append(Note(at, "dropped", detail=f"Only the last {AT_MOST} cache points can be set."))
        longest = ""
        for block, ttl, at in reversed(marked[surplus:]):
            if longest == "1h" and ttl != "1h":
                self._notes.append(Note(at, "approximated", ttl or None, "1h", "A later cache point lives 1h."))
                self._marked[id(block)] = (block, longest, at)
            else:
                longest = ttl
        for place in places:
            place[:] = [each for block in place for each in self._with_point(block)]

    def _with_point(self, block: Block) -> list[Block]:
        mark = self._marked.get(id(block))
        if mark is None:
            return [block]
        _, ttl, _ = mark
        point = {"type": "default", "ttl": ttl} if ttl else {"type": "default"}
        return [block, {"cachePoint": point}]

    def _ttl(self, ttl: str | None, at: str) -> str:
        """Return how long a point lives; "" where the provider's own 5 minutes will do."""
        if ttl is None:
            return ""
        nearest = TTLS.get(ttl, "5m")
        if nearest not in self._profile.cache_ttls:
            nearest = self._profile.cache_ttls[0]
        if nearest != ttl:
            self._notes.append(
                Note(at, "approximated", ttl, nearest, "Cache entries live 5 minutes or, mostly, 1 hour.")
            )
        return "" if self._profile.cache_ttls == ("5m",) else nearest
