import type { KnownError } from '../checkpoints/invalid-rows.ts';
import { clip } from './page/text.ts';

/** Most bytes of a name and of a message in a page. */
export const NAME_BYTES = 160;
export const MESSAGE_BYTES = 500;

export interface ShownError extends Omit<KnownError, 'orMore'> {
  /** True if more rows may have this error, because only the first invalid rows are listed with their code. */
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
