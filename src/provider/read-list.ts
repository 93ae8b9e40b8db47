import type { Adapter } from './adapters/adapter.ts';
import type { Call } from './http/call.ts';
import type { Http } from './http/http.ts';
import { required } from './expected.ts';
import { asWire, readListPage } from './wire.ts';
import { ProviderUnavailable } from '../errors.ts';

/** Most pages of {@link PAGE_SIZE} to read of a list. */
const MAX_PAGES = 1_000;
const PAGE_SIZE = 100;

/** Most times that an empty page which announces more is requested again. */
const MAX_EMPTY_PAGES = 4;
const EMPTY_PAGE_WAIT_MS = 1_000;

/** A provider's list, and how to request its pages. */
export interface ListToRead {
  readonly call: Call;
  readonly query: Readonly<Record<string, string>>;
  readonly pages: Adapter['lists'];
  readonly wait: (milliseconds: number) => Promise<void>;
}

/**
 * Calls `visit` for every item of a list, page by page, until it returns true.
 * @returns `stopped`: by `visit`; `complete`: nothing is missing; `cut off`: the provider announces more items but does not
 * return them, so an unseen item may exist
 */
export async function readList(
  http: Http,
  list: ListToRead,
  visit: (item: unknown) => boolean,
): Promise<'stopped' | 'complete' | 'cut off'> {
  let after: string | undefined;
  let empty = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { items, more, lastId } = await readOnePage(http, list, page, after);
    if (items.some((item) => visit(item))) return 'stopped';
    if (list.pages === 'whole' || more === false) return 'complete';
    if (items.length === 0 && more !== true) return 'complete';
    if (list.pages === 'page' && items.length === 0) {
      if ((empty += 1) > MAX_EMPTY_PAGES) return 'cut off';
    } else if (lastId !== undefined && lastId !== after) after = lastId;
    else if (items.length > 0 || (empty += 1) > MAX_EMPTY_PAGES)
      return more === true ? 'cut off' : 'complete';
    else await list.wait(EMPTY_PAGE_WAIT_MS);
  }
  throw new ProviderUnavailable(`${list.call.action}: the list has more than ${MAX_PAGES} pages.`);
}

async function readOnePage(
  http: Http,
  { call, query, pages }: ListToRead,
  page: number,
  after: string | undefined,
) {
  const position =
    pages === 'page'
      ? { page: String(page), page_size: String(PAGE_SIZE) }
      : { limit: String(PAGE_SIZE), ...(after !== undefined && { [pages]: after }) };
  const search = new URLSearchParams({ ...query, ...position });
  const answer = await http.json({ ...call, path: `${call.path}?${search.toString()}` });
  const { items, more } = required(call.action, readListPage(answer), answer);
  const last = asWire(items.at(-1))?.['id'] ?? asWire(answer)?.['last_id'];
  return { items, more, lastId: typeof last === 'string' ? last : undefined };
}

/** The error for a list that was not read completely, so that missing entries may exist. */
export function cutOff({ action }: Call): ProviderUnavailable {
  return new ProviderUnavailable(`${action}: the list announces more entries but does not return them.`);
}
