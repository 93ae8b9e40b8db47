import { bounded, type Failure } from '../../errors.ts';
import { isListed } from '../../provider/dialects/known.ts';
import type { Failed, RowCodes } from './classify-line.ts';

/**
 * Whom a denial is about: the `account`, when its code is listed; the `row`, when it speaks of what the row says; `unclear`, when
 * only a status such as 403 tells: then it is about the account when no row is answered otherwise.
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

/** Why a job stops whose account is denied. */
export function deniedBy({ code, message }: Failed): Failure {
  return { name: 'ProviderDenied', code, message: bounded(message) };
}
