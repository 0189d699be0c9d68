"""The providers of config.yaml, one module a section: its entry, how it is reached, how it is let in, which names it
serves, and what it says of its models."""

from routing.providers.azure import Azure
from routing.providers.bedrock import Bedrock
from routing.providers.claude import ClaudeKey
from routing.providers.codex import CodexKey
from routing.providers.entry import Entry
from routing.providers.gemini import GeminiKey
from routing.providers.ollama import Ollama
from routing.providers.openai_compatible import Compatible
from routing.providers.vertex import Vertex
from routing.providers.vertex_express import VertexKey
from routing.providers.xai import XaiKey

ENTRIES: dict[str, type[Entry]] = {
    entry.section: entry
    for entry in (Vertex, VertexKey, Bedrock, Azure, Ollama, CodexKey, XaiKey, Compatible, ClaudeKey, GeminiKey)
}
"""The entries by section. A wrong key that could be meant for several counts as the first: the server of a model
comes before its maker."""
