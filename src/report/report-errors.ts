import type { KnownError } from '../checkpoints/invalid-rows.ts';
import { clip } from './text.ts';

/** The bytes of a page that a name and a message may take. */
export const NAME_BYTES = 160;
export const MESSAGE_BYTES = 500;

export interface ShownError extends Omit<KnownError, 'orMore'> {
  /** There may be more: only the first invalid rows are known by their code. */
  readonly orMore: boolean;
}

export function showError({ code, custom_id, message, orMore, ...error }: KnownError): ShownError {
  return {
    ...error,
    ...(code !== undefined && { code: clip(code, NAME_BYTES) }),
    ...(custom_id !== undefined && { custom_id: clip(custom_id, NAME_BYTES) }),
    ...(message !== undefined && { message: clip(message, MESSAGE_BYTES) }),
    orMore: orMore === true,
  };
}
