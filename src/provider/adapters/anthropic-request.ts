import { parseExact } from '../../exact-json.ts';
import { frameLines } from '../../jsonl/lines.ts';
import { replaceLoneSurrogates } from '../../jsonl/json-line.ts';
import { unwritable } from '../../jsonl/unwritable.ts';
import { asWire, type Wire } from '../wire.ts';

/** `max_tokens` for requests without one: Anthropic requires it, OpenAI does not. */
export const DEFAULT_MAX_TOKENS = 4_096;

/** Longest request line that is read, in bytes. No request line is as long. */
const MAX_LINE_BYTES = 2 ** 40;

const OPENING = Buffer.from('{"requests":[');
const CLOSING = Buffer.from(']}');
const COMMA = Buffer.from(',');

/** The body of the call that creates a message batch, generated line by line from our request lines. */
export async function* toBatchBody(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true;
  yield OPENING;
  for await (const lines of frameLines(content, MAX_LINE_BYTES)) {
    const pieces: Buffer[] = [];
    for (const { bytes } of lines) {
      if (bytes === undefined) continue;
      if (!first) pieces.push(COMMA);
      first = false;
      pieces.push(Buffer.from(JSON.stringify(toMessageRequest(bytes))));
    }
    yield Buffer.concat(pieces);
  }
  yield CLOSING;
}

/** Converts one of our request lines to a request of a message batch. */
export function toMessageRequest(line: Buffer): Wire {
  const { custom_id, body } = parseExact(line.toString('utf8')) as Wire;
  return { custom_id, params: toMessageParams(asWire(body) ?? {}) };
}

/**
 * Converts a chat completion's body to a message's parameters. Known fields are renamed. Unknown fields are passed on unchanged,
 * and the provider rejects the row if it does not accept them.
 */
export function toMessageParams(body: Wire): Wire {
  const { messages, max_tokens, max_completion_tokens, stop, user, ...rest } = body;
  const { tools, tool_choice, response_format, ...same } = rest;
  const turns = (Array.isArray(messages) ? messages : []).map((turn) => asWire(turn) ?? {});
  const system = turns.filter(isSystem).flatMap(({ content }) => toBlocks(content));
  return {
    ...same,
    max_tokens: max_completion_tokens ?? max_tokens ?? DEFAULT_MAX_TOKENS,
    messages: joinTurns(turns.filter((turn) => !isSystem(turn)).map(toTurn)),
    ...(system.length > 0 && { system }),
    ...(isGiven(stop) && { stop_sequences: Array.isArray(stop) ? stop : [stop] }),
    ...(isGiven(user) && { metadata: { user_id: user } }),
    ...(Array.isArray(tools) && { tools: tools.map(toTool) }),
    ...(isGiven(tool_choice) && { tool_choice: toToolChoice(tool_choice) }),
    ...toOutputConfig(response_format, same['output_config']),
  };
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const isSystem = ({ role }: Wire): boolean => role === 'system' || role === 'developer';

interface Turn {
  readonly role: unknown;
  readonly content: readonly unknown[];
}

function toTurn({ role, content, tool_calls, tool_call_id }: Wire): Turn {
  if (role === 'tool') {
    return {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: tool_call_id, content: toBlocks(content) }],
    };
  }
  const calls = Array.isArray(tool_calls) ? tool_calls.map(toToolUse) : [];
  return { role, content: [...toBlocks(content), ...calls] };
}

/** Joins the results of tools that were called together, because they must be in one turn. */
function joinTurns(turns: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (last === undefined || last.role !== turn.role) joined.push(turn);
    else joined[joined.length - 1] = { role: last.role, content: [...last.content, ...turn.content] };
  }
  return joined;
}

/** The blocks of a content, without empty texts. */
function toBlocks(content: unknown): unknown[] {
  if (Array.isArray(content)) return content.map(toBlock);
  if (!isGiven(content) || content === '') return [];
  return [{ type: 'text', text: content }];
}

function toBlock(part: unknown): unknown {
  const url = asWire(asWire(part)?.['image_url'])?.['url'];
  if (typeof url !== 'string') return part;
  const inline = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  const source =
    inline === null ? { type: 'url', url } : { type: 'base64', media_type: inline[1], data: inline[2] };
  return { type: 'image', source };
}

function toToolUse(call: unknown): Wire {
  const { id, function: called } = asWire(call) ?? {};
  const { name, arguments: given } = asWire(called) ?? {};
  return { type: 'tool_use', id, name, input: parsed(given) };
}

/**
 * The arguments of a tool call. Invalid arguments are replaced: one create carries all requests of a shard, and the provider
 * would reject all of them.
 */
function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    const value = parseExact(text);
    return unwritable(value) === undefined ? parseExact(replaceLoneSurrogates(JSON.stringify(value))) : {};
  } catch {
    return {};
  }
}

/** Converts a tool. A tool that is not a function is one of Anthropic's own, and is passed on. */
function toTool(tool: unknown): unknown {
  const described = asWire(asWire(tool)?.['function']);
  if (described === undefined) return tool;
  const { name, description, parameters } = described;
  return {
    name,
    ...(isGiven(description) && { description }),
    input_schema: parameters ?? { type: 'object', properties: {} },
  };
}

function toToolChoice(choice: unknown): unknown {
  if (choice === 'required') return { type: 'any' };
  if (typeof choice === 'string') return { type: choice };
  const name = asWire(asWire(choice)?.['function'])?.['name'];
  return name === undefined ? choice : { type: 'tool', name };
}

/** Converts the format of the answer. Plain text is the default and needs no format. */
function toOutputConfig(format: unknown, config: unknown): Wire {
  const wire = asWire(format);
  if (wire === undefined || wire['type'] === 'text') return {};
  const schema = asWire(wire['json_schema'])?.['schema'];
  // JSON without a schema is not supported. The field stays, so that the provider reports it.
  if (schema === undefined) return { response_format: format };
  return { output_config: { ...asWire(config), format: { type: 'json_schema', schema } } };
}
