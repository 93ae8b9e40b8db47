import type { ResolvedProfile } from '../../checkpoints/profile.ts';
import { compileTemplate, type Template } from '../../rows/template.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Renders a row's question for people: the prompt that was sent, as far as the row's fields show it. */
export function askedText({ prompt }: Pick<ResolvedProfile, 'prompt'>): (fields: Fields) => string {
  const template = prompt === undefined ? undefined : compileTemplate(prompt);
  return (fields) => filled(template, fields) ?? ownText(fields);
}

/** The prompt of a row by the template; undefined if the row has its own request, or lacks a column. */
function filled(template: Template | undefined, fields: Fields): string | undefined {
  if (template === undefined || fields['body'] !== undefined || fields['messages'] !== undefined)
    return undefined;
  try {
    return template(fields);
  } catch {
    return undefined;
  }
}

function ownText(fields: Fields): string {
  const body = fields['body'];
  const request = isObject(body) ? body : fields;
  const asked = lastMessage(request['messages']) ?? request['prompt'] ?? request['input'] ?? request['query'];
  const value = asked ?? (Object.keys(request).length > 0 ? request : '');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function lastMessage(messages: unknown): unknown {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  if (!isObject(last)) return undefined;
  const { content } = last;
  if (!Array.isArray(content)) return content;
  const texts = content.flatMap((part: unknown) =>
    isObject(part) && typeof part['text'] === 'string' ? [part['text']] : [],
  );
  return texts.length > 0 ? texts.join('\n') : content;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
