/** A key that looks different in each encoding. */
export const KEY = 'sk-proj-aB3/dE5+gH7"jK9=mN1pQ3rS5tU7wxyz';

/** Encodings in which a provider, or a proxy before it, may return {@link KEY}. */
export const FORMS: Readonly<Record<string, string>> = {
  'as it is': KEY,
  'behind Bearer': `Bearer ${KEY}`,
  'URL-encoded': encodeURIComponent(KEY),
  'URL-encoded in lower case': encodeURIComponent(KEY).replaceAll(/%../g, (code) => code.toLowerCase()),
  'as a form': new URLSearchParams({ key: KEY }).toString(),
  'in JSON': JSON.stringify(KEY),
  'in JSON with escaped slashes': JSON.stringify(KEY).replaceAll('/', '\\/'),
  'in base64': Buffer.from(KEY).toString('base64'),
  'in base64url': Buffer.from(KEY).toString('base64url'),
  'as a user of Basic': Buffer.from(`user:${KEY}`).toString('base64'),
  'as a password of Basic': Buffer.from(`${KEY}:`).toString('base64'),
  'in hex': Buffer.from(KEY).toString('hex'),
  'in HTML': KEY.replaceAll('"', '&quot;'),
  'with asterisks': `sk-proj-aB3/****************wxyz`,
  'with three dots': 'sk-proj-aB3...wxyz',
  'with an ellipsis': 'sk-proj-aB3…',
  'with its end alone': '****wxyz',
  'cut off': KEY.slice(0, 20),
  'without its beginning': KEY.slice(-12),
};

/** Parts of the key that must not appear. */
export const TELLING = [KEY, 'aB3/', 'aB3%2F', 'aB3\\/', 'wxyz', KEY.slice(10, 24)];
