import type { IdChange, RowAction } from './faults.ts';

/** Changes a result line as real providers do: under another id, in another shape, or truncated. */
export function changeLine(text: string, actions: readonly RowAction[]): string {
  let changed = text;
  for (const action of actions) {
    if (action.kind === 'rename') changed = rename(changed, action.as);
    if (action.kind === 'top-level') changed = raise(changed);
    if (action.kind === 'unreadable') changed = `${changed.slice(0, Math.floor(changed.length / 2))}\n`;
    if (action.kind === 'garbled') changed = `<row ${changed.length}>\n`;
  }
  return changed;
}

function rename(text: string, as: IdChange): string {
  const { custom_id, ...line } = JSON.parse(text) as { custom_id: string };
  if (as === 'camel') return `${JSON.stringify({ ...line, customId: custom_id })}\n`;
  if (as === 'other-key') return `${JSON.stringify({ ...line, key: custom_id })}\n`;
  return `${JSON.stringify({ ...line, custom_id: changeId(custom_id, as) })}\n`;
}

function changeId(id: string, as: Exclude<IdChange, 'camel' | 'other-key'>): string | number {
  switch (as) {
    case 'trimmed':
      return id.trim();
    case 'lower':
      return id.toLowerCase();
    case 'upper':
      return id.toUpperCase();
    case 'nfc':
      return id.normalize('NFC');
    case 'nfd':
      return id.normalize('NFD');
    case 'padded':
      return id.replaceAll(/\d+/g, (digits) => digits.padStart(8, '0'));
    case 'stripped':
      return id.replaceAll(/\d+/g, (digits) => String(Number(digits)));
    case 'number':
      return Number(id);
    case 'cut':
      return id.slice(0, 64);
  }
}

/** Moves the answer to the top level of the line. */
function raise(text: string): string {
  const {
    response,
    error: _error,
    ...line
  } = JSON.parse(text) as {
    response?: { body?: object };
    error?: unknown;
  };
  return `${JSON.stringify({ ...line, ...response?.body })}\n`;
}
