import type { Spoken } from './dialects.ts';

/** Reasons for which the simulator rejects calls and rows. */
export type Rejection =
  | 'no key'
  | 'wrong key'
  | 'throttled'
  | 'invalid request'
  | 'unknown model'
  | 'not found'
  | 'not allowed'
  | 'failure';

/** Codes of Melious, and of OpenAI, whose codes all other providers use. OpenAI has no code for some rejections. */
const CODES: Readonly<Record<Rejection, readonly [melious: string, openai: string | null]>> = {
  'no key': ['AUTH_1007', 'invalid_api_key'],
  'wrong key': ['AUTH_1008', 'invalid_api_key'],
  throttled: ['AUTH_1028', 'rate_limit_exceeded'],
  'invalid request': ['VALIDATION_4001', 'invalid_value'],
  'unknown model': ['INFERENCE_3001', 'model_not_found'],
  'not found': ['NOT_FOUND', null],
  'not allowed': ['METHOD_NOT_ALLOWED', 'method_not_supported'],
  failure: ['SYSTEM_9001', null],
};

export function codeOf(rejection: Rejection, { dialect }: Spoken): string | null {
  const [melious, openai] = CODES[rejection];
  return dialect.name === 'melious' ? melious : openai;
}
