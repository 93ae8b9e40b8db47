/**
 * Fields that a row in short form may carry beside its prompt, messages or input; they go into the body as they are. Any
 * other field is refused rather than sent (a provider may reject the request) or dropped (it may be a misspelt
 * parameter). A row may send whatever it likes under `body`.
 */
export const BODY_PARAMETERS: ReadonlySet<string> = new Set([
  'audio',
  'chat_template_kwargs',
  'dimensions',
  'encoding_format',
  'enable_thinking',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'metadata',
  'min_p',
  'modalities',
  'n',
  'parallel_tool_calls',
  'prediction',
  'presence_penalty',
  'preset',
  'prompt_cache_key',
  'provider',
  'reasoning',
  'reasoning_effort',
  'repetition_penalty',
  'response_format',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_logprobs',
  'top_p',
  'user',
  'verbosity',
  'web_search_options',
]);

/** Fields a dead letter has beside its request: ignored, so that a dead-letters file is a valid input file. */
export const DEAD_LETTER_FIELDS: ReadonlySet<string> = new Set([
  'outcome',
  'error',
  'retry',
  'round',
  'source',
]);
