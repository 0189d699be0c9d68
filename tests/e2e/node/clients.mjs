// One call of one client of Node.js's against a gateway: node clients.mjs CLIENT BASE_URL KEY MODEL
// Prints one JSON line of what the client made of the answer.
import OpenAI from "openai";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [client, baseURL, apiKey, model] = process.argv.slice(2);
const openai = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const tools = {
  weather: tool({
    description: "The weather of a city.",
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }) => `sunny in ${city}`,
  }),
};

async function streamed(result) {
  let text = "";
  const kinds = new Set();
  for await (const part of result.fullStream) {
    kinds.add(part.type);
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") text += part.text;
  }
  const usage = await result.totalUsage;
  return { text, kinds: [...kinds], finish: await result.finishReason, output: usage.outputTokens };
}

async function looped(languageModel, openai = {}) {
  const result = await generateText({
    model: languageModel,
    prompt: "What is the weather in Rome?",
    tools,
    stopWhen: stepCountIs(3),
    maxRetries: 0,
    providerOptions: { openai },
  });
  return {
    text: result.text,
    steps: result.steps.length,
    calls: result.steps.flatMap((step) => step.toolCalls.map((call) => call.input)),
  };
}

const aiSdk = createOpenAI({ baseURL, apiKey });
const compatible = createOpenAICompatible({ name: "gateway", baseURL, apiKey, includeUsage: true });

const clients = {
  "openai-chat": async () => {
    const stream = openai.chat.completions.stream({ model, messages: [{ role: "user", content: "Hi" }] });
    const done = await stream.finalChatCompletion();
    return { text: done.choices[0].message.content, finish: done.choices[0].finish_reason };
  },
  "openai-responses": async () => {
    const types = [];
    const stream = openai.responses.stream({ model, input: "Hi" });
    for await (const event of stream) types.push(event.type);
    const done = await stream.finalResponse();
    // A stream's final response has no output_text in this library, whoever answers.
    const text = done.output.flatMap((item) => item.content.map((part) => part.text)).join("");
    return { text, status: done.status, types };
  },
  "ai-sdk-openai": () => streamed(streamText({ model: aiSdk(model), prompt: "Hi", maxRetries: 0 })),
  "ai-sdk-openai-tools": () => looped(aiSdk(model)),
  "ai-sdk-openai-tools-stateless": () => looped(aiSdk(model), { store: false }),
  "ai-sdk-openai-chat": () => streamed(streamText({ model: aiSdk.chat(model), prompt: "Hi", maxRetries: 0 })),
  "ai-sdk-compatible": () => streamed(streamText({ model: compatible(model), prompt: "Hi", maxRetries: 0 })),
  "ai-sdk-compatible-tools": () => looped(compatible(model)),
};

console.log(JSON.stringify(await clients[client]()));
