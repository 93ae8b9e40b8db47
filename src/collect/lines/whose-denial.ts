import { bounded, type Failure } from '../../errors.ts';
import { isListed } from '../../provider/dialects/known.ts';
import type { Failed, RowCodes } from './classify-line.ts';

/**
 * Decides what a denial concerns: the `account`, if its code is listed; the `row`, if it mentions the row's content; `unclear`,
 * if it has only a status such as 403. An unclear denial concerns the account if every row gets it.
 */
export function whoseDenial(
  { code, message, status }: Failed,
  codes: RowCodes,
): 'account' | 'row' | 'unclear' {
  const isByStatus = status >= 401 && status <= 403 && !isListed(code, codes.halting);
  if (!isByStatus) return 'account';
  return ABOUT_CONTENT.test(`${code} ${message}`) ? 'row' : 'unclear';
}

const ABOUT_CONTENT = /moderat|content[ _-]?(?:policy|filter|management)|safety|flagged/i;

/** The failure of a job whose account is denied. */
export function deniedBy({ code, message }: Failed): Failure {
  return { name: 'ProviderDenied', code, message: bounded(message) };
}
