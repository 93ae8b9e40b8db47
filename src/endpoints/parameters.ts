/**
 * Fields that a row in short form may have beside its question; they are copied into the body unchanged. A row with any other
 * field is invalid, because sending the field may fail the request, and dropping it may hide a misspelt parameter. Under `body` a
 * row may send any field.
 */
const GENERATION = [
  'chat_template_kwargs',
  'enable_thinking',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_tokens',
  'metadata',
  'min_p',
  'n',
  'presence_penalty',
  'preset',
  'prompt_cache_key',
  'provider',
  'reasoning',
  'reasoning_effort',
  'repetition_penalty',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'thinking',
  'top_k',
  'top_logprobs',
  'top_p',
  'user',
  'verbosity',
];

const TOOLS = ['parallel_tool_calls', 'tool_choice', 'tools'];

export const CHAT_PARAMETERS: ReadonlySet<string> = new Set([
  ...GENERATION,
  ...TOOLS,
  'audio',
  'dimensions',
  'encoding_format',
  'max_completion_tokens',
  'modalities',
  'prediction',
  'response_format',
  'web_search_options',
]);

export const COMPLETION_PARAMETERS: ReadonlySet<string> = new Set([
  ...GENERATION,
  'best_of',
  'echo',
  'guided_json',
  'response_format',
  'suffix',
]);

export const RESPONSE_PARAMETERS: ReadonlySet<string> = new Set([
  ...GENERATION,
  ...TOOLS,
  'background',
  'include',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'previous_response_id',
  'text',
  'truncation',
]);

export const IMAGE_PARAMETERS: ReadonlySet<string> = new Set([
  'background',
  'guidance_scale',
  'height',
  'moderation',
  'n',
  'negative_prompt',
  'num_inference_steps',
  'output_compression',
  'output_format',
  'preset',
  'provider',
  'quality',
  'response_format',
  'seed',
  'size',
  'steps',
  'stream',
  'style',
  'user',
  'width',
]);

export const SPEECH_PARAMETERS: ReadonlySet<string> = new Set([
  'instructions',
  'language',
  'preset',
  'provider',
  'response_format',
  'speed',
  'stream',
  'stream_format',
  'user',
  'voice',
]);

export const RERANK_PARAMETERS: ReadonlySet<string> = new Set([
  'max_chunks_per_doc',
  'max_tokens_per_doc',
  'preset',
  'provider',
  'rank_fields',
  'return_documents',
  'stream',
  'top_n',
  'truncate_prompt_tokens',
  'user',
]);
