/** Converts an answer to server-sent events, as an endpoint with `stream: true` sends it. */

type Wire = Readonly<Record<string, unknown>>;

interface SentEvent {
  /** Responses name their events; chunks of completions have no name. */
  readonly event?: string;
  readonly data: unknown;
}

/** True if a call requests a stream. */
export function asksForStream(body: Wire): boolean {
  return body['stream'] === true;
}

/** The answer as a stream; `undefined` if the endpoint does not support it. */
export function streamAnswer(
  path: string,
  request: Wire,
  answer: Wire,
): ReadableStream<Uint8Array> | undefined {
  const events = eventsOf(path, request, answer);
  if (events === undefined) return undefined;
  const encoder = new TextEncoder();
  const texts = events.map(({ event, data }) => {
    const name = event === undefined ? '' : `event: ${event}\n`;
    return encoder.encode(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  });
  return ReadableStream.from(texts);
}

function eventsOf(path: string, request: Wire, answer: Wire): SentEvent[] | undefined {
  if (path.endsWith('/chat/completions'))
    return chunks(request, answer, 'chat.completion.chunk', deltasOfChat);
  if (path.endsWith('/completions')) return chunks(request, answer, 'text_completion', piecesOfText);
  return path.endsWith('/responses') ? responseEvents(answer) : undefined;
}

/** Chunks of a completion, a separate chunk for the usage if requested, and the end mark. */
function chunks(
  request: Wire,
  answer: Wire,
  object: string,
  pieces: (choice: Wire) => readonly Wire[],
): SentEvent[] {
  const { id, created, model } = answer;
  const chunk = (choices: readonly Wire[], more: Wire = {}): SentEvent => ({
    data: { id, object, created, model, choices, ...more },
  });
  const options = request['stream_options'] as Wire | undefined;
  const usage = options?.['include_usage'] === true ? [chunk([], { usage: answer['usage'] })] : [];
  const choices = answer['choices'] as readonly Wire[];
  return [...choices.flatMap(pieces).map((choice) => chunk([choice])), ...usage, { data: '[DONE]' }];
}

function deltasOfChat({ index, message, finish_reason }: Wire): Wire[] {
  const { content, refusal } = message as Wire;
  const [name, text] = typeof refusal === 'string' ? ['refusal', refusal] : ['content', content];
  const deltas = wordsOf(text).map((word) => ({ [name]: word }));
  return [
    ...[{ role: 'assistant', [name]: '' }, ...deltas].map((delta) => ({ index, delta, finish_reason: null })),
    { index, delta: {}, finish_reason },
  ];
}

function piecesOfText({ index, text, finish_reason }: Wire): Wire[] {
  const piece = { index, logprobs: null };
  return [
    ...wordsOf(text).map((word) => ({ ...piece, text: word, finish_reason: null })),
    { ...piece, text: '', finish_reason },
  ];
}

function wordsOf(text: unknown): string[] {
  return typeof text === 'string' ? (text.match(/\S+\s*|\s+/g) ?? []) : [];
}

/** The events of a response whose output is one message with one part. */
function responseEvents(answer: Wire): SentEvent[] {
  const [item = {}] = answer['output'] as readonly Wire[];
  const [part = {}] = item['content'] as readonly Wire[];
  const running = { ...answer, status: 'in_progress', output: [], usage: null };
  const isRefusal = part['type'] === 'refusal';
  const [kind, field] = isRefusal ? ['refusal', 'refusal'] : ['output_text', 'text'];
  const at = { item_id: item['id'], output_index: 0, content_index: 0 };
  const logprobs = isRefusal ? {} : { logprobs: [] };
  const events: Wire[] = [
    { type: 'response.created', response: running },
    { type: 'response.in_progress', response: running },
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', ...at, part: { ...part, [field]: '' } },
    ...wordsOf(part[field]).map((delta) => ({ type: `response.${kind}.delta`, ...at, ...logprobs, delta })),
    { type: `response.${kind}.done`, ...at, ...logprobs, [field]: part[field] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: `response.${String(answer['status'])}`, response: answer },
  ];
  return events.map((event, sequence_number) => ({
    event: String(event['type']),
    data: { ...event, sequence_number },
  }));
}
