/** How an incomplete answer ended: at a limit of tokens, by a refusal or a filter, or by a failure in its middle. */
export type Ending = 'truncated' | 'refused' | 'broken off';

/** Finish reasons of incomplete answers, in lower case with underscores. Providers write them in any case: `MAX_TOKENS`. */
const ENDINGS: Readonly<Record<Ending, readonly string[]>> = {
  truncated: [
    'length',
    'max_tokens',
    'max_output_tokens',
    // From Mistral; from Anthropic and Z.ai; from Cohere.
    'model_length',
    'model_context_window_exceeded',
    'error_limit',
  ],
  refused: [
    'content_filter',
    'content_filtered',
    'refusal',
    'safety',
    // From Zhipu and Z.ai; from Bedrock; from Cohere.
    'sensitive',
    'guardrail_intervened',
    'error_toxic',
    // The next five are from Gemini.
    'blocklist',
    'image_safety',
    'prohibited_content',
    'recitation',
    'spii',
  ],
  'broken off': [
    // From OpenRouter, Mistral and vLLM; from vLLM and SGLang.
    'error',
    'abort',
    'aborted',
    'canceled',
    'cancelled',
    'timeout',
    // From Zhipu and Z.ai; from DeepSeek.
    'network_error',
    'insufficient_system_resource',
  ],
};

const ENDING_OF: ReadonlyMap<string, Ending> = new Map(
  (Object.keys(ENDINGS) as Ending[]).flatMap((ending) =>
    ENDINGS[ending].map((reason) => [reason, ending] as const),
  ),
);

/** The ending that a finish reason names; `undefined` for a complete answer, an unknown reason or none. */
export function endingOf(reason: unknown): Ending | undefined {
  if (typeof reason !== 'string') return undefined;
  return ENDING_OF.get(
    reason
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  );
}
