"""The providers' own SDKs as judges: for the same call, they arrive at the same place with the same words."""

import json
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from anthropic import AnthropicVertex
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from openai import AzureOpenAI, OpenAI

from tests.e2e.every_provider import ACCESS_KEY, GOOGLE_TOKEN, KEYS, SECRET_KEY, SESSION_TOKEN
from tests.e2e.provider import Call, Provider
from tests.e2e.provider_cases import ASKED, CASES, FORMS, SYSTEM, asks

CONFIG = types.GenerateContentConfig(
    system_instruction=types.Content(parts=[types.Part(text=SYSTEM["content"])]),
    max_output_tokens=100,
    temperature=0.5,
    stop_sequences=["END"],
)


def _google(client: genai.Client, model: str, streamed: bool) -> None:
    ask = client.models.generate_content_stream if streamed else client.models.generate_content
    answer: Any = ask(model=model, contents=ASKED["content"], config=CONFIG)
    assert [chunk.text for chunk in answer] if streamed else answer.text == "Hello there"
    client.close()


def gemini(at: str, streamed: bool) -> None:
    options = types.HttpOptions(base_url=f"{at}/gemini", api_version="v1beta")
    _google(genai.Client(api_key=KEYS["gemini"], http_options=options), "gemini-3-flash-preview", streamed)


def vertex_gemini(at: str, streamed: bool) -> None:
    client = genai.Client(
        vertexai=True,
        project="a-project",
        location="europe-west4",
        credentials=Credentials(token=GOOGLE_TOKEN, quota_project_id="who-pays"),
        http_options=types.HttpOptions(base_url=f"{at}/vertex", api_version="v1"),
    )
    _google(client, "gemini-2.5-pro", streamed)


def vertex_claude(at: str, streamed: bool) -> None:
    with AnthropicVertex(
        project_id="a-project",
        region="europe-west4",
        access_token=GOOGLE_TOKEN,
        default_headers={"x-goog-user-project": "who-pays"},
        base_url=f"{at}/vertex/v1",
        max_retries=0,
    ) as client:
        answer: Any = client.messages.create(
            model="claude-sonnet-4-5@20250929",
            system=[{"type": "text", "text": SYSTEM["content"]}],
            messages=[{"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]}],
            max_tokens=100,
            stop_sequences=["END"],
            stream=streamed,
            # The newest version of the API, which the SDK describes, has no temperature.
            extra_body={"temperature": 0.5, "anthropic_version": "vertex-2023-10-16"},
        )
        assert list(answer) if streamed else answer.content[0].text == "Hello there"


def bedrock(at: str, streamed: bool) -> None:
    client: Any = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-west-2",
        endpoint_url=f"{at}/bedrock",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        aws_session_token=SESSION_TOKEN,
    )
    ask = client.converse_stream if streamed else client.converse
    answer = ask(
        modelId="us.anthropic.claude-haiku-4-5-20251001-v1:0",
        system=[{"text": SYSTEM["content"]}],
        messages=[{"role": "user", "content": [{"text": ASKED["content"]}]}],
        inferenceConfig={"maxTokens": 100, "temperature": 0.5, "stopSequences": ["END"]},
    )
    if streamed:
        assert list(answer["stream"])
    else:
        assert answer["output"]["message"]["content"] == [{"text": "Hello there"}]
    client.close()


def _chat(client: OpenAI, model: str, streamed: bool) -> None:
    with client:
        usage: Any = {"stream_options": {"include_usage": True}} if streamed else {}
        answer: Any = client.chat.completions.create(
            model=model,
            messages=[SYSTEM, ASKED],
            max_completion_tokens=100,
            temperature=0.5,
            stop=["END"],
            **({"stream": True} if streamed else {}),
            **usage,
        )
        assert list(answer) if streamed else answer.choices[0].message.content == "Hello there"


def azure(at: str, streamed: bool) -> None:
    _chat(OpenAI(api_key=KEYS["azure"], base_url=f"{at}/azure/openai/v1/", max_retries=0), "mine", streamed)


def azure_dated(at: str, streamed: bool) -> None:
    client = AzureOpenAI(api_key=KEYS["dated"], azure_endpoint=f"{at}/azure", api_version="2024-10-21", max_retries=0)
    _chat(client, "gpt-4.1-mini", streamed)


def codex(at: str, streamed: bool) -> None:
    items: Any = [
        {"type": "message", "role": message["role"], "content": [{"type": "input_text", "text": message["content"]}]}
        for message in (SYSTEM, ASKED)
    ]
    with OpenAI(api_key=KEYS["codex"], base_url=f"{at}/codex/v1", max_retries=0) as client:
        answer: Any = client.responses.create(
            model="gpt-5-codex",
            input=items,
            max_output_tokens=100,
            include=["reasoning.encrypted_content"],
            store=False,
            stream=streamed,
        )
        assert list(answer) if streamed else answer.output_text == "Hello there"


CREDENTIALS = ("x-goog-api-key", "x-goog-user-project", "authorization", "api-key", "x-amz-security-token")
KNOBS = {"temperature": 0.5, "stop": ["END"]}
JUDGES: dict[str, Callable[[str, bool], None]] = {
    "gemini": gemini,
    "vertex-gemini": vertex_gemini,
    "vertex-claude": vertex_claude,
    "bedrock": bedrock,
    "azure": azure,
    "azure-dated": azure_dated,
    "codex": codex,
}


def essence(call: Call) -> tuple[str, str, dict[str, str], Any]:
    """A request without what its sender and its moment say of themselves."""
    headers = {name: call.headers[name] for name in CREDENTIALS if name in call.headers}
    if "Signature=" in headers.get("authorization", ""):
        headers["authorization"] = headers["authorization"].partition("/")[0]
    body = call.json
    match body:
        case {"systemInstruction": {"role": "user"} as instruction}:
            del instruction["role"]  # Google ignores it
    return call.method, call.path, headers, body


@FORMS
@pytest.mark.parametrize("model", JUDGES)
def test_the_sdk_asks_the_same(by: OpenAI, provider: Provider, model: str, streamed: bool) -> None:
    case = CASES[model]
    provider.default = case.speech.answer()
    asks(by, case, streamed, **({} if model == "codex" else KNOBS))
    JUDGES[model](provider.url, streamed)
    ours, theirs = map(essence, provider.calls)
    if model == "azure":  # OpenAI's own client has no other place for a key than `Authorization`
        theirs = (*theirs[:2], ours[2], theirs[3])
    assert json.loads(json.dumps(ours)) == json.loads(json.dumps(theirs))
