"""The words of OpenTelemetry's semantic conventions that spans and metrics have here. Those for generative AI (all that
begin with `gen_ai`) are still in development: what changes there changes in this table alone."""

from collections.abc import Mapping

# Attributes of a client's request: HTTP's conventions.
METHOD = "http.request.method"
ROUTE = "http.route"
STATUS = "http.response.status_code"
SCHEME = "url.scheme"
ERROR = "error.type"
# Attributes of an attempt at a provider: those for generative AI.
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"
# Attributes of nobody's conventions.
ID = "gateway.request.id"
KEY = "gateway.key.name"
ASKED_MODEL = "gateway.request.model"
END = "gateway.end"
ATTEMPTS = "gateway.attempts"
INJECTED = "gateway.injected"
CREDENTIAL = "gateway.credential.name"

# Metrics, all of them histograms.
REQUEST_DURATION = "http.server.request.duration"
ATTEMPT_DURATION = "gen_ai.client.operation.duration"
ATTEMPT_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
TOKEN_USAGE = "gen_ai.client.token.usage"
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH")
OTHER_METHOD = "_OTHER"
OPERATIONS: Mapping[str, str] = {"chat": "chat", "responses": "chat", "completions": "text_completion"}
"""By route."""
PROVIDERS: Mapping[str, str] = {
    "gemini": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""By our names; a provider that is not among them has its own."""
