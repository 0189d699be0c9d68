// Agents of Vercel's AI SDK in whole tool loops: node agents.mjs BASE_URL KEY < cases.json
// A case is {client, streamed, retries, effort, temperature, limit, models, within, prompt}; the models are asked in turn, with the history so far, or, `within`, for one step each of two prompts.
// Prints a JSON list: what was said to each question, or {error} with the words of what was raised.
import { readFileSync } from "node:fs";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [baseURL, apiKey] = process.argv.slice(2);
const openai = createOpenAI({ baseURL, apiKey });
const compatible = createOpenAICompatible({ name: "gateway", baseURL, apiKey, includeUsage: true });
const clients = { responses: openai, chat: openai.chat, compatible };

const tools = {
  look: tool({
    description: "Look at a place.",
    inputSchema: z.object({ place: z.string() }),
    execute: async ({ place }) => {
      if (place === "z") throw new Error("lost z");
      return `seen ${place}`;
    },
  }),
};

async function asked(settings, streamed) {
  if (!streamed) return generateText(settings);
  let failure;
  const result = streamText({ ...settings, onError: ({ error }) => (failure = error) });
  for await (const part of result.fullStream) if (part.type === "error") throw part.error;
  if (failure) throw failure;
  return { text: await result.text, response: await result.response };
}

async function talk({ client, streamed, retries, effort, temperature, limit, models, within, prompt }) {
  const knobs = { temperature: temperature ?? undefined, maxOutputTokens: limit ?? undefined, maxRetries: retries };
  const asking = effort ? { reasoningEffort: effort } : {};
  const providerOptions = { openai: { store: false, ...asking, forceReasoning: Boolean(effort) }, gateway: asking };
  const messages = [];
  const said = [];
  let step = 0;
  const prepareStep = () => (within ? { model: clients[client](models[step++ % models.length]) } : {});
  for (const model of within ? models.slice(0, 2) : models) {
    messages.push({ role: "user", content: prompt });
    const how = { tools, stopWhen: stepCountIs(6), prepareStep, providerOptions, ...knobs };
    const result = await asked({ model: clients[client](model), messages, ...how }, streamed);
    messages.push(...result.response.messages);
    said.push(result.text);
  }
  return said;
}

const told = (error) => ({ error: `${error?.message ?? JSON.stringify(error)}` });
const cases = JSON.parse(readFileSync(0));
const results = [];
for (let at = 0; at < cases.length; at += 8)
  results.push(...(await Promise.all(cases.slice(at, at + 8).map((each) => talk(each).catch(told)))));
console.log(JSON.stringify(results));
