/** The forms in which an answer may contain a secret. */
export function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [...writtenForms(secret), ...base64Forms(bytes), hex, hex.toUpperCase()];
}

/**
 * The secret unchanged and encoded for a URL, a form, JSON and HTML: forms with the beginning and end of the secret. Each also as
 * it occurs in a text inside JSON, because secrets are removed before answers are parsed.
 */
export function writtenForms(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const form = new URLSearchParams({ _: secret }).toString().slice(2);
  const json = JSON.stringify(secret).slice(1, -1);
  const lowerCase = [url, form].map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  const unchanged = AT_BORDER.test(secret) ? [] : [secret];
  const forms = [
    ...unchanged,
    url,
    form,
    ...lowerCase,
    json,
    json.replaceAll('/', String.raw`\/`),
    html(secret),
  ];
  return [...new Set([...forms, ...forms.map((text) => JSON.stringify(text).slice(1, -1))])];
}

/**
 * A quote beside JSON's punctuation. A secret that contains one may be the end of one JSON string and the beginning of another.
 */
const AT_BORDER = /"\s*[\]:,}]|[:,[{]\s*"/;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escaped for HTML, as in error pages. */
function html(secret: string): string {
  return secret.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/**
 * The base64 of the secret after any number of other bytes, as in `Basic` credentials: the characters that do not depend on those
 * bytes.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((all.byteLength * 8) / 6);
    return [all.toString('base64').slice(from, to), all.toString('base64url').slice(from, to)];
  });
}
